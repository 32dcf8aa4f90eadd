"""The one list of tables and jobs: for migrations, the worker and the tests."""

from __future__ import annotations

from app.auth import models as auth_models
from app.core.database import Base
from app.emoji.tasks import models as task_models
from app.emoji.templates import models as template_models
from app.media import models as media_models
from app.points import models as point_models
from app.users import models as user_models

MODELS = (user_models, auth_models, point_models, media_models, template_models, task_models)
metadata = Base.metadata
