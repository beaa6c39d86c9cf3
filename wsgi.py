from billingportal.config import Settings
from billingportal.runtime.startup import open_app

app = open_app(Settings.from_env())
