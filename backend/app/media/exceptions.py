"""What can be wrong with an upload, a link, or the place where files are kept.

ServiceError
├── PictureRefused 422         EmptyUpload, UnsupportedPicture, PictureBroken, PictureTooManyPixels,
│                              PictureTooSmall; the class itself when the engine refused
├── ForeignUrl 400             a URL that this service did not issue
├── LinkInvalid 403            LinkExpired 410
├── PhotoNotFound 404          FileGone 404
├── RangeNotSatisfiable 416
└── Unavailable 503            StorageUnavailable, PrepareTimeout: worth another try
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.errors import NotFound, ServiceError, Unavailable

if TYPE_CHECKING:
    from app.core.i18n import Lang


class PictureRefused(ServiceError):
    """The upload cannot be used. With ``texts`` it says what the engine found when it decoded the picture."""

    status = 422
    number = 201
    code = "picture_refused"
    zh = "这张照片不能用，请换一张。"
    en = "This photo cannot be used. Please choose another one."

    def __init__(self, *, texts: dict[Lang, str] | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._texts = texts

    def message(self, lang: Lang) -> str:
        """The engine's own words where there are any."""
        return self._texts[lang] if self._texts else super().message(lang)


class EmptyUpload(PictureRefused):
    """A file of no bytes."""

    number = 202
    code = "empty_file"
    zh = "文件是空的。可能没有下载完，请重新保存后再上传。"
    en = "The file is empty. The download may not have finished: save it again, then upload."


class UnsupportedPicture(PictureRefused):
    """Not one of the kinds that photos come in, whatever the name says."""

    number = 203
    code = "unsupported_format"
    zh = "不支持这种文件。请上传 JPEG、PNG、WebP 或 HEIC 照片，其他格式请先另存为 JPEG。"
    en = "This kind of file is not supported. Use JPEG, PNG, WebP or HEIC; save others as JPEG first."

    def __init__(self, *, found: str | None = None) -> None:
        super().__init__(found=found)
        self.found = found

    def message(self, lang: Lang) -> str:
        """Names what the file seems to be: a wrong suffix is easier to understand then."""
        sentence = super().message(lang)
        if self.found is None:
            return sentence
        return f"这个文件是 {self.found}。{sentence}" if lang == "zh" else f"This file is {self.found}. {sentence}"


class PictureBroken(PictureRefused):
    """The header ends too early or contradicts itself."""

    number = 204
    code = "broken_file"
    zh = "图片已经损坏，读不出来。请重新下载或重新导出这张照片。"
    en = "The picture is damaged and cannot be read. Download or export the photo again."


class PictureTooManyPixels(PictureRefused):
    """The header announces more pixels than we decode."""

    number = 205
    code = "too_many_pixels"
    zh = "图片太大：{width} × {height} 像素，最多 {limit_mega}00 万像素。请先把照片缩小再上传。"
    en = "The picture has {width} × {height} pixels, at most {limit_mega} megapixels. Scale the photo down first."

    def __init__(self, *, width: int, height: int, limit: int) -> None:
        super().__init__(width=width, height=height, limit_mega=limit // 1_000_000)


class PictureTooSmall(PictureRefused):
    """Too few pixels for a face."""

    number = 206
    code = "too_small_image"
    zh = "图片太小：{width} × {height} 像素，宽和高都至少要 {limit}。聊天软件发来的常常是缩略图，请用原图。"
    en = "The picture is too small: {width} × {height} px, each side needs at least {limit}. Use the original photo."


class ForeignUrl(ServiceError):
    """Anything but an unexpired link of ours to a photo: the service fetches nothing that a caller names."""

    status = 400
    number = 201
    code = "foreign_url"
    zh = "image_url 只能用本服务返回的照片链接，并且没有过期。请先上传照片，或者改用 photo_id。"
    en = "image_url must be an unexpired photo link from this service. Upload the photo first, or give its photo_id."


class LinkInvalid(ServiceError):
    """The signature of a link does not hold."""

    status = 403
    number = 201
    code = "link_invalid"
    zh = "这个链接不完整或被改动过，请重新获取。"
    en = "This link is incomplete or was changed. Please get a new one."


class LinkExpired(ServiceError):
    """The link was ours, but its time is over."""

    status = 410
    number = 201
    code = "link_expired"
    zh = "这个链接已经过期，请重新打开页面获取新的链接。"
    en = "This link has expired. Open the page again to get a new one."


class PhotoNotFound(NotFound):
    """No such photo of the caller's, or it is gone already; the two are not told apart."""

    number = 201
    code = "photo_not_found"
    zh = "没有找到这张照片，可能已经过期删除。请重新上传。"
    en = "There is no such photo; it may have been deleted after its time. Please upload it again."


class FileGone(NotFound):
    """A link that holds, to a file that was deleted."""

    number = 202
    code = "file_gone"
    zh = "这个文件已经删除。"
    en = "This file has been deleted."


class RangeNotSatisfiable(ServiceError):
    """The range lies behind the end of the file."""

    status = 416
    number = 201
    code = "range_not_satisfiable"
    zh = "请求的范围超出了文件。"
    en = "The requested range lies outside the file."


class StorageUnavailable(Unavailable):
    """The disk or the object store does not answer, or refuses. Worth another try."""

    number = 201
    code = "storage_unavailable"
    zh = "存储暂时不可用，请稍后再试。"
    en = "Storage is unavailable at the moment. Please try again shortly."


class PrepareTimeout(Unavailable):
    """No worker prepared the photo in time; nothing of it was kept."""

    number = 202
    code = "prepare_timeout"
    zh = "服务器正忙，照片没能及时处理，也没有保存。请过一会儿再上传。"
    en = "The servers are busy: your photo was not processed in time and not kept. Please upload it again later."


class PrepareFailed(Unavailable):
    """The engine broke down over the upload, which may be good; nothing of it was kept."""

    number = 203
    code = "prepare_failed"
    zh = "照片没能处理成功，也没有保存。请再上传一次；如果一直这样，请换一张照片。"
    en = "The photo could not be processed and was not kept. Upload it again; if it keeps failing, use another one."

    def __init__(self, *, texts: dict[Lang, str] | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._texts = texts

    def message(self, lang: Lang) -> str:
        """The engine's own words where there are any."""
        return self._texts[lang] if self._texts else super().message(lang)
