"""The rulebooks of a world, of which those named by a venue change with its time."""

from collections.abc import Iterable, Iterator, Mapping

from hedgerow.errors import DeskRejected, Failure
from hedgerow.margin import Rulebook, in_force, rulebooks_at
from hedgerow.portfolio import Account
from hedgerow.units import format_ns, parse_ns

__all__ = ["RulebookShelf"]


class RulebookShelf(Mapping[str, Rulebook]):
    """Every rulebook by its name, and by its venue the one in force; nothing by venue at first."""

    def __init__(self, rulebooks: Mapping[str, Rulebook], accounts: Iterable[Account]) -> None:
        """Keep rulebooks for the accounts that are judged by them.

        Raises
        ------
        DeskRejected
            If an account names neither a rulebook nor the venue of one.
        """
        self._all = dict(rulebooks)
        self._now = self._all
        self._begin_ns = sorted({parse_ns(each.as_of) for each in self._all.values()})
        self._begun_count: int | None = None
        self._followers: dict[str, list[str]] = {}
        venues = {each.venue for each in self._all.values()}
        for account in accounts:
            named = account.rulebook
            if named is None or named in self._all:
                continue
            if named not in venues:
                raise DeskRejected(f"account {account.account_id} names unknown rulebook {named}")
            self._followers.setdefault(named, []).append(account.account_id)

    def __getitem__(self, name: str) -> Rulebook:
        return self._now[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)

    def candidates(self, named: str) -> list[Rulebook]:
        """Give every rulebook that an account which names this may ever be judged by."""
        if named in self._all:
            return [self._all[named]]
        return [each for each in self._all.values() if each.venue == named]

    def turn(self, time_ns: int) -> list[str]:
        """Let the rulebooks in force be those of a time, and say which accounts changed theirs.

        Raises
        ------
        DeskRejected
            If an account names a venue of which none holds then, or two do.
        """
        begun_count = sum(1 for begin_ns in self._begin_ns if begin_ns <= time_ns)
        if begun_count == self._begun_count:
            return []
        self._begun_count = begun_count
        before, self._now = self._now, rulebooks_at(self._all, time_ns)
        said = []
        for venue, followers in self._followers.items():
            now = in_force(self._all.values(), venue, time_ns)
            if isinstance(now, Failure):
                raise DeskRejected(f"{', '.join(followers)}: {now.message}")
            was = before.get(venue)
            if was is not None and was is not now:
                said.append(
                    f"{format_ns(time_ns)} {', '.join(followers)}: judged by {now.name} from now "
                    f"on, no longer by {was.name}"
                )
        return said
