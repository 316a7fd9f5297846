"""Counts and measures a map of the exchange format, by nothing but its description: for comparison with the reader."""

import json
import sys
from fractions import Fraction

lines = [line.strip() for line in open(sys.argv[1], encoding="latin-1")]
name, at = lines[1], 3
counts, areas = {}, {}


def value():
    global at
    at += 1
    return lines[at - 1]


def position():
    return Fraction(value()), Fraction(value())


def area(ring):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))) / 2


def kind(code):
    if code == name:
        return "border"
    return {"STRADA": "street", "ACQUA": "water"}.get(code) or ("building" if code.endswith("+") else "parcel")


while (word := value().rstrip("\\")) != "EOF":
    if word == "BORDO":
        word = kind(value())
        for _ in range(6):
            value()
        islands, vertices = int(value()), int(value())
        holes = [int(value()) for _ in range(islands)]
        rings = [[position() for _ in range(count)] for count in [vertices - sum(holes), *holes]]
        areas[word] = areas.get(word, 0) + area(rings[0]) - sum(map(area, rings[1:]))
    elif word in ("LINEA", "LIBRETTO"):
        for _ in range(1 if word == "LINEA" else 2):
            value()
        for _ in range(int(value())):
            position()
    else:
        for _ in range({"TESTO": 5, "SIMBOLO": 4, "FIDUCIALE": 6, "RIFERIMENTO_RASTER": 9}[word]):
            value()
    counts[word] = counts.get(word, 0) + 1

print(json.dumps({"counts": counts, "areas": {kind: f"{float(area):.3f}" for kind, area in areas.items()}}))
