"""A picture of a table: for each row with a budget, how much of it is used."""
from xml.sax.saxutils import escape

LINE, LEFT, RIGHT, TOP, WIDTH = 26, 300, 90, 58, 460
MET, MISSED = "#2f7d5b", "#b5482f"


def used(row):
    """The share of its budget that a row uses; None when it has none."""
    if row["budgetTimes"] and row["ratio"]:
        return row["ratio"] / row["budgetTimes"]
    if row["budgetMost"]:
        return row["sallyport"] / row["budgetMost"]
    if row["budgetLeast"]:
        return row["budgetLeast"] / row["sallyport"]
    return None


def text(x, y, words, size=13, anchor="start", colour="#333", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def svg(rows, conditions):
    shown = [(row, used(row)) for row in rows if used(row) is not None]
    scale = WIDTH / max([1.25] + [share for _, share in shown])
    height = TOP + LINE * len(shown) + 40
    total = LEFT + WIDTH + RIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
             'font-family="system-ui, sans-serif" role="img" aria-label="What each measurement uses of its budget">',
             f'<rect width="{total}" height="{height}" fill="#fff"/>',
             text(14, 26, "What each measurement uses of its budget", 16, weight="bold")]
    for number, (row, share) in enumerate(shown):
        y = TOP + LINE * number
        value = (f"{row['ratio']:.2f} ×" if row["budgetTimes"] else f"{row['sallyport']:.3g} {row['unit']}")
        parts.append(text(LEFT - 10, y + 15, row["title"], anchor="end"))
        parts.append(f'<rect x="{LEFT}" y="{y + 3}" width="{share * scale:.1f}" height="{LINE - 9}" rx="2" '
                     f'fill="{MET if row["met"] else MISSED}"/>')
        parts.append(text(LEFT + share * scale + 6, y + 15, value, 12, colour="#555"))
    limit = LEFT + scale
    parts.append(f'<line x1="{limit:.1f}" x2="{limit:.1f}" y1="{TOP - 8}" y2="{TOP + LINE * len(shown)}" '
                 'stroke="#333" stroke-dasharray="4 3"/>')
    parts.append(text(limit, TOP - 14, "budget", 12, "middle"))
    parts.append(text(14, height - 14, conditions, 11, colour="#666"))
    return "\n".join(parts) + "\n</svg>\n"
