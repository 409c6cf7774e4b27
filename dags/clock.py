"""When DAGs that wait for nobody run: a cron expression of the settings, in the city's time."""

from airflow.sdk import CronTriggerTimetable


def clock(expression: str) -> CronTriggerTimetable | None:
    """The timetable of an expression; None, by hand alone, for "off"."""
    return None if expression == "off" else CronTriggerTimetable(expression, timezone="Asia/Shanghai")
