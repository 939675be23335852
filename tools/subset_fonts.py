"""Cut the fonts of printed reports down to the characters that reports use.

    python tools/subset_fonts.py

Reads Inter and Noto Sans CJK SC (both SIL Open Font License 1.1) where Debian's packages fonts-inter and
fonts-noto-cjk put them, and writes `src/vascal/render/fonts`. Run it when translations use new characters; a test
says when. The same input gives the same bytes. Needs fonttools.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

from vascal.render.print_fonts import FONTS, LATIN, list_texts

SOURCES = {
    "VascalSans-Regular.otf": (Path("/usr/share/fonts/opentype/inter/Inter-Regular.otf"), None),
    "VascalSans-Bold.otf": (Path("/usr/share/fonts/opentype/inter/Inter-SemiBold.otf"), None),
    "VascalSansSC-Regular.otf": (Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"), "Noto Sans CJK SC"),
    "VascalSansSC-Bold.otf": (Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"), "Noto Sans CJK SC"),
}
FEATURES = ["kern", "mark", "mkmk"]
"""None that puts another glyph in place of a character's own: from such a glyph no text can be copied."""
KEPT_NAMES = (0, 8, 9, 11, 13, 14)
"""Copyright, makers and licence stay; the font's own name does not, as it is a changed version."""


def main() -> None:
    """Write every font."""
    said = {character for text in list_texts() for character in text}
    for name, (path, family) in SOURCES.items():
        font = open_font(path, family)
        chinese = {character for character in said if ord(character) > 0x2E7F} | set("“”‘’…—·")
        if family:
            cut(font, chinese, name, [])
        else:
            level_digits(font)
            cut(font, (said - chinese) | set(LATIN), name, FEATURES)
        target = FONTS / name
        font.save(target)
        print(f"{name}: {len(font.getGlyphOrder())} glyphs, {target.stat().st_size / 1000:.0f} kB")


def open_font(path: Path, family: str | None) -> TTFont:
    """Open a font, or one of a collection by its family."""
    if family is None:
        return TTFont(path, recalcTimestamp=False)
    fonts = TTCollection(path).fonts
    found: TTFont = next(font for font in fonts if font["name"].getBestFamilyName() == family)
    found.recalcTimestamp = False
    return found


def level_digits(font: TTFont) -> None:
    """Make digits of one width the usual ones, so that columns of numbers stand straight."""
    table = font["GSUB"].table
    lookups = {
        number
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for number in record.Feature.LookupListIndex
    }
    level = {}
    for number in lookups:
        for subtable in table.LookupList.Lookup[number].SubTable:
            level |= getattr(subtable, "ExtSubTable", subtable).mapping
    for cmap in font["cmap"].tables:
        for code in range(ord("0"), ord("9") + 1):
            if code in cmap.cmap:
                cmap.cmap[code] = level.get(cmap.cmap[code], cmap.cmap[code])


def cut(font: TTFont, characters: set[str], name: str, features: list[str]) -> None:
    """Keep the glyphs of some characters, and give the font its new name."""
    options = Options()
    options.layout_features, options.hinting = features, False
    options.name_IDs, options.notdef_outline, options.drop_tables = list(KEPT_NAMES), True, [
        *options.drop_tables, "vhea", "vmtx", "VORG", "BASE", "STAT", "meta",
    ]  # fmt: skip
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in characters])
    subsetter.subset(font)
    family, style = name.removesuffix(".otf").split("-")
    named = {1: family, 2: style, 3: f"{family}-{style}", 4: f"{family} {style}", 6: f"{family}-{style}"}
    for number, text in named.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font["CFF "].cff.fontNames = [f"{family}-{style}"]


if __name__ == "__main__":
    main()
