#!/usr/bin/env python3
"""Writes time-zones.txt: zones, what their clocks show, and when cron expressions fire in them.

Python's zoneinfo and a walk over every minute are the second opinion; nothing here follows the way of the Swift code.
Needs zic and tzdata.zi (Debian packages libc-bin, tzdata). Usage: make-time-zones.py > time-zones.txt

Lines: `zone <name> <slim|fat> <TZif in base64>`, then for that zone
`offset <instant> <seconds east>`, `local <seconds> unique <t> | repeated <t> <t> | skipped <t>`,
`cron <after> <until> <firing,firing,...|-> <expression>` (all firings after the one and up to the other).
"""
import base64, datetime as dt, io, random, subprocess, tempfile, zoneinfo
from pathlib import Path

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
ZONES = ["Africa/Casablanca", "America/New_York", "America/Nuuk", "America/Sao_Paulo", "Antarctica/Troll",
         "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Etc/UTC", "Europe/Berlin",
         "Europe/Dublin", "Pacific/Apia", "Pacific/Chatham"]
EXPRESSIONS = ["30 2 * * *", "0 9 * * 1-5", "*/15 * * * *", "0 */2 * * *", "15 0,1,2,3 * * *", "30 1 * * *",
               "*/20 2 * * *", "45 2 28-31 * *", "0 0 13 * 5", "0 12 * MAR,OCT,NOV *", "59 23 * * SUN", "0 3 */3 * *",
               "10 0-6/3 * * 0,7"]
NAMES = {n: i for i, n in enumerate("SUN MON TUE WED THU FRI SAT".split())}
NAMES |= {n: i + 1 for i, n in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())}


def seconds(naive):
    return round((naive - EPOCH).total_seconds())


def shown(zone, instant):
    """What the clocks show at an instant, naive."""
    return dt.datetime.fromtimestamp(instant, UTC).astimezone(zone).replace(tzinfo=None)


def offset(zone, instant):
    return seconds(shown(zone, instant)) - instant


def instants(zone, local):
    """All instants at which the clocks show `local`."""
    guesses = {local - offset(zone, local + shift) for shift in range(-93600, 93601, 900)}
    return sorted(t for t in guesses if t + offset(zone, t) == local)


def change_before(zone, low, high):
    """The instant between the two at which the offset changes, of which there is one."""
    first = offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == first else (low, middle)
    return high


def resolve(zone, local):
    found = instants(zone, local)
    if not found:
        low = next(t for t in range(local - 93600, local + 93600, 60) if t + offset(zone, t) > local) - 60
        return "skipped", [change_before(zone, low, low + 60)]
    return ("unique", "repeated")[len(found) - 1], found


def values(field, low, high):
    result = set()
    for part in field.split(","):
        base, _, step = part.partition("/")
        if base in "*?":
            first, last = low, high
        else:
            ends = [NAMES[e] if e in NAMES else int(e) for e in base.split("-")]
            first, last = ends[0], ends[-1]
        result |= set(range(first, last + 1, int(step or 1)))
    return result


def firings(zone, expression, after, until):
    minute, hour, day, month, weekday = expression.split()
    m, h, d = values(minute, 0, 59), values(hour, 0, 23), values(day, 1, 31)
    mo, w = values(month, 1, 12), {v % 7 for v in values(weekday, 0, 6)}

    def matches(t):
        by_day, by_week = t.day in d, t.isoweekday() % 7 in w
        either = day[0] not in "*?" and weekday[0] not in "*?"
        return (t.minute in m and t.hour in h and t.month in mo and not t.second
                and ((by_day or by_week) if either else (by_day and by_week)))

    if hour[0] in "*?":
        return [t for t in range(after + 1, until + 1) if t % 60 == 0 and matches(shown(zone, t))]
    fired = set()
    for local in range((after - 172800) // 60 * 60, until + 172800, 60):
        if matches(EPOCH + dt.timedelta(seconds=local)):
            fired.add(resolve(zone, local)[1][0])
    return sorted(t for t in fired if after < t <= until)


def changes(zone, begin, end):
    result = []
    for t in range(begin, end, 43200):
        if offset(zone, t) != offset(zone, t + 43200):
            result.append(change_before(zone, t, t + 43200))
    return result


def main():
    generator = random.Random(8536)
    with tempfile.TemporaryDirectory() as directory:
        for form in ("fat", "slim"):
            subprocess.run(["zic", "-b", form, "-d", f"{directory}/{form}", "/usr/share/zoneinfo/tzdata.zi"], check=True)
        print("# made by make-time-zones.py from tzdata", Path("/usr/share/zoneinfo/tzdata.zi").open().readline().split()[2])
        for name in ZONES:
            for form in ("fat", "slim"):
                data = Path(f"{directory}/{form}/{name}").read_bytes()
                zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(data))
                print("zone", name, form, base64.b64encode(data).decode())
                around = changes(zone, 1262304000, 1356998400) + changes(zone, 1704067200, 1798761600)
                around += changes(zone, 4102444800, 4134067200)
                samples = {generator.randrange(-631152000, 13569465600) for _ in range(40)}
                for change in around:
                    samples |= {change - 1, change, change + 1}
                for t in sorted(samples):
                    print("offset", t, offset(zone, t))
                for change in around[:2] + around[-6:]:
                    a, b = change + offset(zone, change - 1), change + offset(zone, change)
                    for local in sorted({a - 1, a, a + 1, b - 1, b, b + 1, (a + b) // 2}):
                        kind, found = resolve(zone, local)
                        print("local", local, kind, *found)
                if form == "slim":
                    continue
                windows = [(c - 40000, c + 50000) for c in around if 1704067200 <= c < 1767225600 or c >= 4102444800]
                if name == "Pacific/Apia":
                    windows.append((1325100000, 1325400000))
                if name == "America/Sao_Paulo":
                    windows += [(c - 40000, c + 50000) for c in changes(zone, 1507000000, 1520000000)]
                for after, until in windows[:2] + windows[2:][-2:] or [(1786000000, 1786200000)]:
                    for expression in EXPRESSIONS:
                        found = firings(zone, expression, after, until)
                        print("cron", after, until, ",".join(map(str, found)) or "-", expression)


main()
