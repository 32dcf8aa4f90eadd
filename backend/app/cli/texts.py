"""Every sentence of the command, in Chinese and English. Those about photos and templates are the engine's.

What only a group of commands says stands in the ``texts.py`` beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.cli.operators.texts import TEXTS as OPERATORS
from app.cli.remote.texts import TEXTS as REMOTE

if TYPE_CHECKING:
    from app.cli.language import Lang

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "help.program": (
        "一张人像照片，变成会动的表情包。全部在本机完成。",
        "One portrait photo becomes moving stickers, all on your own machine.",
    ),
    "help.make": (
        "用一张照片做表情包。不选模板时做六个，并拼一张总览图。",
        "Make stickers from a photo: without a template six of them, and a contact sheet.",
    ),
    "help.templates": (
        "列出模板；也可以把全部模板画成一张总览图，或检查一个模板文件。",
        "List the templates, draw them all on one photo, or validate a template file.",
    ),
    "help.check": (
        "看看这张照片能不能用：为什么，怎么办。不能用时退出码为 2。",
        "Say whether a photo can be used, why not, and what helps. Exit code 2 when it cannot.",
    ),
    "help.usage": ("用法：{command} {places} [选项]", "Usage: {command} {places} [OPTIONS]"),
    "help.help": ("显示这份帮助。", "Show this help."),
    "help.photo": (
        "照片：JPEG、PNG、WebP、BMP 或 HEIC，边长 400 到 7000 像素，更大的会缩小。",
        "The photo: JPEG, PNG, WebP, BMP or HEIC, 400 to 7,000 px a side; larger ones are scaled down.",
    ),
    "help.template": (
        "模板的名字或编号；可以重复写，也可以用逗号分开；all 表示全部。",
        "Name or id of a template; may be repeated or a comma list; `all` for every one.",
    ),
    "help.output": (
        "输出的文件或文件夹；文件的后缀决定格式。默认：stickers/照片名/。",
        "File or folder to write; the suffix of a file picks the format. Default: stickers/NAME OF THE PHOTO/.",
    ),
    "help.format": (
        "格式：gif、webp、apng、mp4 或 webm；默认 webp。",
        "Format: gif, webp, apng, mp4 or webm; webp by default.",
    ),
    "help.caption": ("换成自己的文字。", "Your own words instead of the template's."),
    "help.no_caption": ("不要文字。", "No words."),
    "help.background": (
        "背景：remove 去掉（默认），keep 保留，或一种颜色，如 #ffd84d、white。",
        "Background: remove it (default), keep it, or a colour such as #ffd84d or white.",
    ),
    "help.size": ("边长，64 到 1024 像素；默认 512。", "Side in pixels, 64 to 1024; 512 by default."),
    "help.fps": ("每秒帧数，1 到 60；默认按模板。", "Frames a second, 1 to 60; the template's own by default."),
    "help.face": (
        "有几张脸时用哪一张：1 是最大的。",
        "Which face to use when there are several: 1 is the largest.",
    ),
    "help.lang": (
        "提示用的语言：zh 或 en；写明时表情的文字也用它。",
        "Language of messages, zh or en; when given, the words on stickers follow it too.",
    ),
    "help.json": ("输出 JSON，给程序读。", "Print JSON for programs."),
    "help.sheet": (
        "把全部模板画在一张照片上，拼成一张图。",
        "Draw one picture of all templates on a photo.",
    ),
    "help.sheet_output": (
        "总览图写到哪里。默认：templates.png。",
        "Where to write the picture. Default: templates.png.",
    ),
    "help.validate": (
        "检查一个模板文件，指出哪一行不对。",
        "Validate a template file and say which line is wrong.",
    ),
    "metavar.command": ("命令", "COMMAND"),
    "metavar.photo": ("照片", "PHOTO"),
    "metavar.name": ("模板", "NAME"),
    "metavar.path": ("路径", "PATH"),
    "metavar.file": ("文件", "FILE"),
    "metavar.text": ("文字", "TEXT"),
    "metavar.format": ("格式", "FORMAT"),
    "metavar.background": ("背景", "keep|remove|COLOUR"),
    "metavar.number": ("数", "N"),
    "metavar.lang": ("zh|en", "zh|en"),
    "panel.arguments": ("参数", "Arguments"),
    "panel.options": ("选项", "Options"),
    "panel.commands": ("命令", "Commands"),
    "usage.hint": ("加上 --help 看用法。", "Add --help to see how it is used."),
    "usage.no_such_option": ("没有这个选项：{option}", "There is no option {option}"),
    "usage.no_such_command": ("没有这个命令：{name}", "There is no command {name}"),
    "usage.missing": ("缺少：{name}", "Missing: {name}"),
    "usage.no_value": ("{option} 后面要写一个值", "{option} needs a value after it"),
    "usage.too_many": ("多出来的内容：{extra}", "Too many arguments: {extra}"),
    "usage.other": ("命令写得不对：{detail}", "The command line is wrong: {detail}"),
    "unexpected": ("程序出错了：{detail}", "Something went wrong inside the program: {detail}"),
    "unexpected.hint": (
        "这是程序的问题。请设置 AIPIC_DEBUG=1 再运行一次，把输出报告给我们。",
        "This is our mistake. Please run it again with AIPIC_DEBUG=1 and report what it prints.",
    ),
    "lang_unknown": ("--lang 只能是 zh 或 en，不能是“{got}”", "--lang must be zh or en, not “{got}”"),
    "not_a_number": (
        "{option} 要写一个数，{low} 到 {high}，不能是“{got}”",
        "{option} takes a number from {low} to {high}, not “{got}”",
    ),
    "caption_twice": (
        "--caption 和 --no-caption 只能用一个",
        "Use either --caption or --no-caption, not both",
    ),
    "caption_long": (
        "文字太长：最多 {wide} 个汉字或 {limit} 个字母，现在有 {length} 个字符",
        "The caption is too long: at most {limit} letters or {wide} Chinese characters, this one has {length}",
    ),
    "background_unknown": (
        "--background 不认识“{got}”",
        "--background does not know “{got}”",
    ),
    "background_unknown.hint": (
        "可以写 keep、remove，或颜色：#rrggbb 或英文颜色名，如 white、tomato。",
        "Give keep, remove, or a colour: #rrggbb or a CSS name such as white or tomato.",
    ),
    "format_unknown": ("没有“{got}”这种格式", "There is no format “{got}”"),
    "format_unknown.hint": (
        "可以选：gif、webp、apng、mp4、webm。",
        "There are: gif, webp, apng, mp4, webm.",
    ),
    "output_suffix": ("“{path}”的后缀不是表情包的格式", "The suffix of “{path}” is no format for stickers"),
    "output_suffix.hint": (
        "用 .gif .webp .png（APNG）.mp4 或 .webm；写文件夹时请在末尾加 /。",
        "Use .gif .webp .png (APNG) .mp4 or .webm; end the name of a folder with /.",
    ),
    "output_mismatch": (
        "“{path}”的后缀和 --format {format} 不一致",
        "The suffix of “{path}” and --format {format} contradict each other",
    ),
    "output_needs_folder": (
        "要写 {count} 个表情，“{path}”却是一个文件",
        "There are {count} stickers to write, but “{path}” is one file",
    ),
    "output_needs_folder.hint": (
        "用 -t 选一个模板，或者给一个文件夹。",
        "Choose one template with -t, or give a folder.",
    ),
    "output_not_folder": ("“{path}”是文件，不是文件夹", "“{path}” is a file, not a folder"),
    "output_is_photo": (
        "“{path}”就是照片本身，不会覆盖它",
        "“{path}” is the photo itself, which is not overwritten",
    ),
    "output_is_photo.hint": ("请换一个文件名或文件夹。", "Choose another name or folder."),
    "template_empty": ("-t 后面没有写模板", "-t names no template"),
    "template_empty.hint": ("用 ./aipic templates 看全部名字。", "./aipic templates lists all names."),
    "output_unwritable": ("“{path}”写不进去：{detail}", "“{path}” cannot be written: {detail}"),
    "sheet_suffix": ("总览图只能写成 .png、.jpg 或 .webp", "The picture can be written as .png, .jpg or .webp"),
    "sheet_needs_photo": (
        "请给一张照片：./aipic templates --sheet 照片.jpg",
        "Give a photo: ./aipic templates --sheet photo.jpg",
    ),
    "photo_without_sheet": ("给照片时请加上 --sheet", "Add --sheet when you give a photo"),
    "refused": ("这张照片不能用：", "This photo cannot be used:"),
    "usable": ("这张照片可以用。", "This photo can be used."),
    "faces_found": ("找到的脸（从大到小）：", "Faces found, largest first:"),
    "caption_replaced": (
        "字体里没有这些字符：{characters}，换成了最接近的符号。",
        "The font lacks these characters: {characters}; the nearest signs stand in for them.",
    ),
    "choose_face": (
        "选一张脸：--face 1 到 --face {count}，1 是最大的。",
        "Choose one: --face 1 to --face {count}; 1 is the largest.",
    ),
    "measures": ("测量值：", "Measures:"),
    "measure.faces": ("脸", "faces"),
    "measure.people": ("人", "people"),
    "measure.face_height": ("脸高，像素", "height of the face, px"),
    "measure.yaw": ("左右转头，度", "turned, degrees"),
    "measure.pitch": ("抬头低头，度", "nodding, degrees"),
    "measure.roll": ("歪头，度", "tilted, degrees"),
    "measure.outside_share": ("脸的轮廓出画的比例", "share of the outline cut off"),
    "measure.outside_reach": ("出画的距离，脸高的倍数", "reach of the cut, face heights"),
    "measure.brightness": ("脸的亮度，最亮 255", "brightness of the face, of 255"),
    "measure.sharpness": ("清晰度", "sharpness"),
    "measure.presence": ("确定是脸的程度", "certainty that it is a face"),
    "measure.eye_opening": ("睁眼程度", "opening of the eyes"),
    "measure.lens_lightness": ("镜片透亮程度", "lightness behind lenses"),
    "measure.eye_jitter": ("眼部遮挡迹象，%", "signs of covered eyes, %"),
    "measure.outline_jitter": ("轮廓遮挡迹象，%", "signs of a covered outline, %"),
    "measure.lips_jitter": ("嘴部遮挡迹象，%", "signs of a covered mouth, %"),
    "at_least": ("至少 {limit}", "at least {limit}"),
    "at_most": ("最多 {limit}", "at most {limit}"),
    "within": ("±{limit} 以内", "within ±{limit}"),
    "limit": ("测得 {measure}，界限 {threshold}", "measured {measure}, limit {threshold}"),
    "all": ("全部", "All"),
    "failed": ("{template}：没做成。{sentence}", "{template}: failed. {sentence}"),
    "some_failed": ("{count} 个没做成。", "{count} failed."),
    "worker_died": ("工作进程中断了，可能是内存不够。", "A worker process died; memory may be short."),
    "made": (
        "{path}  {width}×{height}  {frames} 帧  {seconds} 秒  {size}",
        "{path}  {width}×{height}  {frames} frames  {seconds} s  {size}",
    ),
    "sheet_made": ("{path}  {width}×{height}  总览图  {size}", "{path}  {width}×{height}  contact sheet  {size}"),
    "total": ("共 {count} 个，用时 {seconds} 秒", "{count} made in {seconds} s"),
    "column.name": ("名称", "Name"),
    "column.other_name": ("英文名", "Chinese"),
    "column.id": ("编号", "Id"),
    "column.category": ("分类", "Category"),
    "column.duration": ("时长", "Length"),
    "seconds": ("{value} 秒", "{value} s"),
    "templates_total": ("共 {count} 个模板", "{count} templates"),
    "valid": ("{path}：没有问题，{name}（{id}）", "{path}: OK, {name} ({id})"),
    **REMOTE,
    **OPERATORS,
}


def has_text(key: str) -> bool:
    """Whether there is a sentence of that name."""
    return key in _TEXTS


def text(lang: Lang, key: str, **params: object) -> str:
    """The sentence ``key`` in ``lang``, filled in."""
    return _TEXTS[key][0 if lang == "zh" else 1].format(**params)
