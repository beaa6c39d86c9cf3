"""The parts of an explained invoice: its lines, the units and use behind them, and what came too late."""
