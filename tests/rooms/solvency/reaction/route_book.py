"""The packaged routes, and small ones whose times a person can follow."""

from importlib.resources import files

import msgspec
import numpy as np

from hedgerow.solvency import RescueRoute, RouteBook, decode_routes

PACKAGED = "2026-11-26.toml"


def packaged() -> RouteBook:
    raw = (files("hedgerow.solvency") / "routes" / PACKAGED).read_bytes()
    return decode_routes(raw, where=PACKAGED)


def fixed(*times_s: float, fails_frac: float = 0.0) -> RescueRoute:
    """Give a route whose stages each take one time."""
    names = ("detect", "sign", "broadcast", "inclusion", "safe", "final", "credited")
    stages = [
        {"stage": name, "evidence": "assumed", "why": "a test", "times_s": {"any": [time] * 5}}
        for name, time in zip(names, times_s, strict=False)
    ]
    made = {
        "name": "fixed",
        "meaning": "a test",
        "fails_why": "a test",
        "fails_frac": {"any": fails_frac},
        "stages": stages,
    }
    return msgspec.convert(made, RescueRoute)


def slower(route: RescueRoute, factor: float) -> RescueRoute:
    """Give the route with every time longer by a factor."""
    stages = tuple(
        msgspec.structs.replace(
            stage,
            times_s={
                key: (a * factor, b * factor, c * factor, d * factor, e * factor)
                for key, (a, b, c, d, e) in stage.times_s.items()
            },
        )
        for stage in route.stages
    )
    return msgspec.structs.replace(route, stages=stages)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))
