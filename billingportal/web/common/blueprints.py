"""The blueprints of this subject."""

from billingportal.web.common import assets, brand, brand_images, mode, navigation

BLUEPRINTS = (
    assets.blueprint,
    brand.blueprint,
    brand_images.blueprint,
    mode.blueprint,
    navigation.blueprint,
)
