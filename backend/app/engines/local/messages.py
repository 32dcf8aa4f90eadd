"""What the engine's codes mean to a person, in Chinese and in English: a sentence, and a hint what to do.

Codes of the gates (``gates.Reason``) and of the engine's errors (``errors.EngineError``) share one table. What is
wrong inside a template file has its own, ``template_messages``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Lang = Literal["zh", "en"]


class Message(NamedTuple):
    """``sentence`` says what is the matter, ``hint`` what helps. The hint may be empty."""

    sentence: str
    hint: str


class _Text(NamedTuple):
    zh: Message
    en: Message


def _text(zh: str, zh_hint: str, en: str, en_hint: str) -> _Text:
    return _Text(Message(zh, zh_hint), Message(en, en_hint))


_GATES: Final[dict[str, _Text]] = {
    "no_face": _text(
        "照片里没有找到人脸。",
        "请换一张本人的正面照：脸要完整、清楚，光线亮一些。",
        "No face was found in the photo.",
        "Use a photo of one person who faces the camera, with the whole face well lit.",
    ),
    "several_faces": _text(
        "照片里有 {measure:.0f} 个人。",
        "请换一张单人照，或者把其他人裁掉，也可以指定用哪一张脸。",
        "There are {measure:.0f} people in the photo.",
        "Use a photo of one person, crop the others away, or say which face to use.",
    ),
    "other_faces": _text(
        "照片里还有 {measure:.0f} 张小一些的脸，会用最大的一张。",
        "想用别的脸，可以指定用哪一张；不想要他们，就裁掉。",
        "There are smaller faces in the photo too ({measure:.0f}); the largest is used.",
        "Say which face to use if you mean another, or crop the others away.",
    ),
    "too_dark": _text(
        "照片太暗，看不清脸。",
        "请到亮一点的地方，让光照在脸上，再拍一张。",
        "The photo is too dark to see the face.",
        "Go where it is brighter, with the light on the face, and take it again.",
    ),
    "no_such_face": _text(
        "没有第 {measure:.0f} 张脸：照片里只找到 {threshold:.0f} 张。",
        "脸从 1 开始数，1 是最大的一张。",
        "There is no face number {measure:.0f}: the photo has {threshold:.0f}.",
        "Faces are counted from 1, the largest.",
    ),
    "too_small": _text(
        "脸太小：从额头到下巴只有 {measure:.0f} 像素，至少要 {threshold:.0f}。",
        "请走近一点再拍，或者换一张更清晰的原图；把小图放大没有用。",
        "The face is too small: {measure:.0f} px from forehead to chin, at least {threshold:.0f} are needed.",
        "Take the photo from nearer, or use the original in full size; enlarging a small one does not help.",
    ),
    "blurred": _text(
        "脸拍得有点糊。",
        "请擦一擦镜头，拿稳手机，对着脸点一下对焦，再拍一张。",
        "The face is blurred.",
        "Wipe the lens, hold the phone still, tap the face to focus, and take it again.",
    ),
    "head_turned": _text(
        "脸侧得太多了。",
        "请正对镜头，让两只耳朵露出的大小差不多。",
        "The head is turned too far to the side.",
        "Face the camera, so that both ears show about equally.",
    ),
    "head_nodded": _text(
        "头抬得太高或低得太多了。",
        "请把手机举到和眼睛一样高，平视镜头。",
        "The head is raised or lowered too far.",
        "Hold the camera at the height of the eyes and look straight into it.",
    ),
    "head_tilted": _text(
        "头歪得太多，或者照片没有摆正。",
        "请把照片转正，或者把头摆正再拍一张。",
        "The head is tilted too far, or the photo lies on its side.",
        "Turn the photo upright, or hold your head upright and take it again.",
    ),
    "cut_off": _text(
        "脸有一部分在画面外面。",
        "请换一张额头、下巴和两边脸颊都完整的照片，四周再留一点空。",
        "Part of the face lies outside the picture.",
        "Use a photo that shows forehead, chin and both cheeks, with some room around them.",
    ),
    "eyes_closed": _text(
        "眼睛闭着。",
        "请换一张睁着眼睛的照片；闭眼的表情由我们来做。",
        "The eyes are closed.",
        "Use a photo with open eyes; closing them is the sticker's part.",
    ),
    "mouth_covered": _text(
        "嘴巴被挡住了，好像有口罩、手或别的东西。",
        "请摘下口罩，把手拿开，让整张脸露出来。",
        "The mouth is covered, by a mask, a hand or something else.",
        "Take off the mask, take the hand away, and show the whole face.",
    ),
    "face_covered": _text(
        "脸被挡住了一部分，五官看不全。",
        "请拿开挡住脸的手、手机、头发或口罩，再拍一张。",
        "Part of the face is covered, so its features cannot be seen.",
        "Move hands, phone, hair or mask out of the face and take it again.",
    ),
    "dark_lenses": _text(
        "墨镜挡住了眼睛，眼睛的表情会看不出来。",
        "可以照样做；摘下墨镜效果更好，普通眼镜没关系。",
        "Dark glasses hide the eyes, so their expression will not show.",
        "It works all the same; without them it looks better. Clear glasses are fine.",
    ),
}

_PHOTOS: Final[dict[str, _Text]] = {
    "missing_file": _text(
        "找不到这个文件。",
        "请检查路径和文件名；名字里有空格时要加引号。",
        "There is no such file.",
        "Check the path and the name; put quotes round a name with spaces.",
    ),
    "not_a_file": _text(
        "这不是一个文件，可能是文件夹。",
        "请给出照片文件本身，例如 photo.jpg。",
        "This is not a file; it may be a folder.",
        "Name the photo itself, such as photo.jpg.",
    ),
    "unreadable_file": _text(
        "这个文件打不开，没有读取的权限。",
        "请检查文件的权限，或者把它复制到自己的文件夹里再试。",
        "The file cannot be opened for reading.",
        "Check its permissions, or copy it to a folder of your own and try again.",
    ),
    "empty_file": _text(
        "文件是空的。",
        "可能没有下载完，请重新保存一次。",
        "The file is empty.",
        "The download may not have finished: save it again.",
    ),
    "too_large": _text(
        "文件太大：{bytes_mb} MB，最多 {limit_mb} MB。",
        "请另存为 JPEG，或者把照片缩小一些。",
        "The file is too large: {bytes_mb} MB, at most {limit_mb} MB.",
        "Save it as JPEG, or scale the photo down.",
    ),
    "unsupported_format": _text(
        "认不出这种图片格式。",
        "可以用 JPEG、PNG、WebP、BMP 或 HEIC；其他格式请先另存为 JPEG。",
        "This kind of picture is not supported.",
        "JPEG, PNG, WebP, BMP and HEIC are; save others as JPEG first.",
    ),
    "broken_file": _text(
        "图片已经损坏，读不出来。",
        "请重新下载或重新导出这张照片。",
        "The picture is damaged and cannot be read.",
        "Download or export the photo again.",
    ),
    "too_small_image": _text(
        "图片太小：{width} × {height} 像素，宽和高都至少要 {limit}。",
        "请用原图；聊天软件发来的常常是缩略图，要点“查看原图”再保存。",
        "The picture is too small: {width} × {height} px, each side needs at least {limit}.",
        "Use the original: messengers often send a thumbnail.",
    ),
    "bomb": _text(
        "图片的像素太多，最多 {limit_mega}00 万像素。",
        "请先把照片缩小再试。",
        "The picture has too many pixels: at most {limit_mega} megapixels.",
        "Scale the photo down first.",
    ),
}

_TEMPLATES_AND_MODELS: Final[dict[str, _Text]] = {
    "template_invalid": _text(
        "模板文件 {file} {at}写得不对：{problem:zh}",
        "改好这一处再试；写法见“新模板”指南。",
        "The template {file} is wrong{at}: {problem:en}",
        "Mend this and try again; the guide on new templates shows how it is written.",
    ),
    "unknown_template": _text(
        "没有叫 “{got}” 的模板。",
        "{did_you_mean}模板列表里有全部名字。",
        "There is no template “{got}”.",
        "{did_you_mean}The list of templates has all names.",
    ),
    "font_missing": _text(
        "找不到能写中文的字体：{path}。",
        "请重新安装程序；用自己的字体时，让环境变量 AIPIC_FONT 指向一个字体文件。",
        "No font for captions could be opened: {path}.",
        "Install the program again, or let AIPIC_FONT name a font file of your own.",
    ),
    "model_damaged": _text(
        "程序自带的模型文件 {file} 不见了或已损坏。",
        "请重新下载或重新安装程序。",
        "The model {file} that comes with the program is missing or damaged.",
        "Download or install the program again.",
    ),
}

_FILES: Final[dict[str, _Text]] = {
    "encode_no_frames": _text(
        "一帧画面也没有，做不成动图。",
        "",
        "There is not a single frame to write.",
        "",
    ),
    "encode_frame_kind": _text(
        "第 {frame} 帧不是 8 位 RGBA 画面：{dtype} {shape}。",
        "每一帧应是 uint8 数组，形状为（高，宽，4）。",
        "Frame {frame} is not an RGBA picture of 8 bits: {dtype} {shape}.",
        "Each frame must be a uint8 array of shape (height, width, 4).",
    ),
    "encode_frame_size": _text(
        "第 {frame} 帧的大小是 {width} × {height}，和第一帧的 {expected_width} × {expected_height} 不一样。",
        "一张动图的每一帧要一样大。",
        "Frame {frame} is {width} × {height} px, the first one {expected_width} × {expected_height}.",
        "All frames of a sticker have one size.",
    ),
    "encode_frame_rate": _text(
        "帧率 {fps} 不合适：{format} 每秒 1 到 {fastest} 帧。",
        "请换一个帧率，15 到 25 最合适。",
        "A rate of {fps} does not suit: {format} takes 1 to {fastest} frames a second.",
        "Choose another rate; 15 to 25 is best.",
    ),
    "encode_too_large": _text(
        "画面太大：{width} × {height} 像素，这种格式每边最多 {largest}。",
        "请把边长调小。",
        "The picture is too large for this format: {width} × {height} px, at most {largest} a side.",
        "Choose a smaller size.",
    ),
    "encode_quality": _text(
        "质量 {quality} 超出范围。",
        "请选 1 到 100。",
        "A quality of {quality} is out of range.",
        "Choose 1 to 100.",
    ),
    "encode_unknown_suffix": _text(
        "不认识后缀 “{suffix}”。",
        "可以用：{known}。",
        "The suffix “{suffix}” is not known.",
        "Use one of: {known}.",
    ),
    "encode_folder_missing": _text(
        "文件夹 {path} 不存在。",
        "请先建好这个文件夹，或者换一个位置。",
        "The folder {path} does not exist.",
        "Create it first, or choose another place.",
    ),
    "encode_not_writable": _text(
        "不能写入 {path}。",
        "请换一个位置，或者检查权限；同名的文件夹也会这样。",
        "{path} cannot be written.",
        "Choose another place or check permissions; a folder of that name would do this too.",
    ),
    "encode_disk_full": _text(
        "磁盘满了，{path} 没有写成。",
        "请腾出一些空间再试；原来的文件没有动。",
        "The disk is full: {path} was not written.",
        "Free some space and try again; a file that was there is untouched.",
    ),
    "encode_write_failed": _text(
        "写 {path} 时出错：{problem}。",
        "请再试一次，或者换一个位置；原来的文件没有动。",
        "Writing {path} failed: {problem}.",
        "Try again or choose another place; a file that was there is untouched.",
    ),
    "encode_codec_failed": _text(
        "{format} 编码失败：{problem}。",
        "请换一种格式试试，例如 .webp 或 .gif。",
        "Encoding {format} failed: {problem}.",
        "Try another format, such as .webp or .gif.",
    ),
}

_TEXTS: Final[dict[str, _Text]] = {**_GATES, **_PHOTOS, **_TEMPLATES_AND_MODELS, **_FILES}

CODES: Final = frozenset(_TEXTS)
"""Every code that has a text."""


def text(code: str, lang: Lang, **params: object) -> Message:
    """Sentence and hint of a code.

    ``params`` are those of the error, or ``measure`` and ``threshold`` of a gate's reason. Raises ``KeyError`` for
    a code without a text, and for a param that a sentence needs and does not get: both are mistakes of ours.
    """
    template = getattr(_TEXTS[code], lang)
    values = {**params, **_derived(lang, params)}
    return Message(template.sentence.format(**values), template.hint.format(**values))


def _derived(lang: Lang, params: Mapping[str, object]) -> dict[str, str]:
    """Params as people read them: megabytes, millions of pixels, the line if it is known, a suggestion if any."""
    chinese = lang == "zh"
    derived = {}
    for name in ("bytes", "limit"):
        value = params.get(name)
        if isinstance(value, int):
            derived[f"{name}_mb"] = f"{value / 2**20:.0f}"
            derived[f"{name}_mega"] = f"{value / 1e6:.0f}"
    line, suggestion = params.get("line"), params.get("suggestion")
    derived["at"] = (
        ("" if line is None else f"第 {line} 行") if chinese else ("" if line is None else f" on line {line}")
    )
    wondering = f"你是想找 “{suggestion}” 吗？" if chinese else f"Did you mean “{suggestion}”? "
    derived["did_you_mean"] = "" if suggestion is None else wondering
    return derived
