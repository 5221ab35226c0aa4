#!/usr/bin/env python3
"""Turns published RTT matrices into the CSV form of bench_steering (bench/README.md).

convert.py wondernetwork FOLDER OUT   cities.csv and rtt.csv of 2018
convert.py planetlab FILE[.xz] OUT    a square of milliseconds, tab-separated, no places
"""
import csv
import lzma
import pathlib
import sys


def write(out, name, header, rows):
    with open(out / name, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def wondernetwork(folder, out):
    folder = pathlib.Path(folder)
    countries = {}  # by name, in order of appearance: two letters that stand for nothing
    places = []
    with open(folder / "cities.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            country = row["country_region"].split(",")[0]
            number = countries.setdefault(country, len(countries))
            code = chr(65 + number // 26) + chr(65 + number % 26)
            weight = max(20_000.0, float(row["population"] or 0)) ** 0.7
            places.append([row["city"], row["city"], row["lat"], row["lon"], code, "",
                           round(weight, 1)])
    write(out, "places.csv", ["id", "name", "latitude", "longitude", "country", "asn", "weight"],
          places)
    with open(folder / "rtt.csv", newline="", encoding="utf-8") as stream:
        pairs = [[row["src"], row["dst"], row["rtt_min_ms"]] for row in csv.DictReader(stream)
                 if row["src"] != row["dst"]]
    write(out, "pairs.csv", ["from", "to", "rtt_ms"], pairs)


def planetlab(file, out):
    opener = lzma.open if file.endswith(".xz") else open
    with opener(file, "rt") as stream:
        square = [[float(cell) for cell in line.split()] for line in stream if line.strip()]
    # Nodes that are down in this slice know next to nobody.
    known = [sum(cell > 0 for cell in row) for row in square]
    kept = [i for i, count in enumerate(known) if count > len(square) / 2]
    write(out, "places.csv", ["id"], [[i] for i in kept])
    write(out, "pairs.csv", ["from", "to", "rtt_ms"],
          [[i, j, square[i][j]] for i in kept for j in kept if i != j and square[i][j] > 0])


def main():
    kinds = {"wondernetwork": wondernetwork, "planetlab": planetlab}
    if len(sys.argv) != 4 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    kinds[sys.argv[1]](sys.argv[2], out)


if __name__ == "__main__":
    main()
