"""Knowledge about Chinese characters, as tables: sound, shape, simplification and the surnames that are special.

Owns the CSV files beside it. `characters.csv` has one row for a character of the unified ideographs: `simplified`
where the character is traditional (its other columns are then empty), else `pinyin` without tone, `four_corner` code
and `strokes` in writing order (1 horizontal, 2 vertical, 3 left-falling, 4 dot, 5 turning).

Source: pinyin from pypinyin (MIT); simplification from OpenCC (Apache-2.0); four-corner codes and stroke order from
char-similar 0.0.2 (MIT in its metadata, Apache-2.0 in its licence file). `private_use.csv`: GB 18030-2022, annex on
private-use code points. The surname tables are this project's own.
"""
