"""The four services, for tools that look at all of them."""

import academic.service
import auth.service
import billing.service
import exports.service
from shared.service import Service

SERVICES: tuple[Service, ...] = (
    auth.service.SERVICE,
    academic.service.SERVICE,
    billing.service.SERVICE,
    exports.service.SERVICE,
)
