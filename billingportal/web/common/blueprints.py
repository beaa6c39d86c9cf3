"""The blueprints of this subject."""

from billingportal.web.common import brand, brand_images, mode, navigation
from billingportal.web.common.rendering import assets

BLUEPRINTS = (
    assets.blueprint,
    brand.blueprint,
    brand_images.blueprint,
    mode.blueprint,
    navigation.blueprint,
)
