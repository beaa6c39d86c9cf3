from billingportal.app import create_app
from billingportal.config import Settings

app = create_app(Settings.from_env())
