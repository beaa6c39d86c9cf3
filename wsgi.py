from billingportal.config import Settings
from billingportal.startup import open_app

app = open_app(Settings.from_env())
