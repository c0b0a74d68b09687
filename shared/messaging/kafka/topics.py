"""The topics of deploy/kafka/topics.yaml: read the plan, create what a broker lacks."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.messaging.settings import KafkaSettings

PLAN = Path(__file__).resolve().parents[3] / "deploy" / "kafka" / "topics.yaml"


@dataclass(frozen=True)
class TopicPlan:
    """One topic as production has it."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]

    def on(self, brokers: int, prefix: str) -> NewTopic:
        """The same under a prefix on a cluster of so many brokers."""
        replication = min(self.replication, brokers)
        config = dict(self.config)
        if int(config["min.insync.replicas"]) > replication:
            config["min.insync.replicas"] = str(replication)
        return NewTopic(prefix + self.name, self.partitions, replication, topic_configs=config)


def plan(path: Path = PLAN) -> dict[str, TopicPlan]:
    """The topics by name."""
    said = yaml.safe_load(path.read_text())
    return {
        name: TopicPlan(name, said["partitions"], said["replication"], said["config"] | (own or {}))
        for name, own in said["topics"].items()
    }


@asynccontextmanager
async def open_admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client; TimeoutError when what is done with it takes too long."""
    admin = AIOKafkaAdminClient(**settings.connection())
    async with asyncio.timeout(settings.commit_within):
        try:
            await admin.start()
            yield admin
        except AttributeError as error:  # how aiokafka says that the cluster has no controller just now
            raise KafkaError("the cluster has no controller") from error
        finally:
            await admin.close()


async def create_missing(admin: AIOKafkaAdminClient, prefix: str) -> None:
    """Create what the broker lacks of the plan; raises when it refuses."""
    present = set(await admin.list_topics())
    lacking = [topic for name, topic in plan().items() if prefix + name not in present]
    if not lacking:
        return
    brokers = len((await admin.describe_cluster())["brokers"])
    answer = await admin.create_topics([topic.on(brokers, prefix) for topic in lacking])
    _raise_refusals((row[0], row[1]) for row in answer.topic_errors)


def _raise_refusals(errors: Iterable[tuple[str, int]]) -> None:
    for name, code in errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise KafkaError(f"topic {name} cannot be created: {error.__name__}")
