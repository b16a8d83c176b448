"""What a command line asks of one option beside its terms: prices it has, moves to go through."""

from dataclasses import dataclass

from hedgerow.errors import RequestRejected

__all__ = ["Moves", "Prices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What was paid or quoted: coin per coin where `is_in_coin`, else USD per coin."""

    paid_ccy: float | None
    bid_ccy: float | None
    ask_ccy: float | None
    tick_ccy: float | None
    is_in_coin: bool

    def check(self) -> None:
        """Refuse what does not say which prices are meant.

        Raises
        ------
        RequestRejected
            If no price is given, or a bid without its ask, or both without a tick.
        """
        sides = {"--bid": self.bid_ccy, "--ask": self.ask_ccy}
        given = [flag for flag, side in sides.items() if side is not None]
        if self.paid_ccy is None and not given:
            raise RequestRejected("no price was given: pass --price, or --bid, --ask and --tick")
        if len(given) == 1:
            (other,) = sides.keys() - set(given)
            raise RequestRejected(f"{given[0]} without {other}: pass both, or --price for one")
        if given and not self.tick_ccy:
            crossed = ""
            if (
                self.bid_ccy is not None
                and self.ask_ccy is not None
                and self.bid_ccy > self.ask_ccy
            ):
                crossed = (
                    f"--bid {self.bid_ccy:g} is above --ask {self.ask_ccy:g}, so the quote is "
                    "crossed; besides, "
                )
            raise RequestRejected(
                f"{crossed}--bid and --ask need --tick, the venue's price step, larger than zero: "
                "0.0001 with --in-coin, or 5 in USD"
            )
        if not given and self.tick_ccy is not None:
            raise RequestRejected("--tick goes with --bid and --ask; it says nothing of --price")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The axes of a grid; every move of one is met by every move of the others."""

    price_moves_frac: tuple[float, ...]
    vol_moves_frac: tuple[float, ...]
    vol_shifts_volpt: tuple[float, ...]
    elapsed_days: tuple[float, ...]
