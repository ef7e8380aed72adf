"""Why a total or a KPI changed: price, volume, mix, efficiency, new, gone. Pure functions; parts add up exactly."""
