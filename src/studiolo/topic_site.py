"""Where subscriptions are confirmed and ended by the links in messages, and the certificate of their signatures."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.topics import Topics, scope_of
from studiolo.topics.senders import CERTIFICATE, PAGES


def topic_routes(topics: Topics) -> list[Route]:
    """Nobody signs what is asked there: who has got a token, or the ARN of a subscription, may."""

    async def confirm(request: Request) -> Response:
        def done(topic: str, token: str) -> str:
            return topics.store.confirm(_scope(topic), topic, token).id

        return await _answer(done, request, "TopicArn", "Token")

    async def unsubscribe(request: Request) -> Response:
        def done(arn: str) -> str:
            topics.store.unsubscribe(_scope(arn), arn, signed=False)
            return arn

        return await _answer(done, request, "SubscriptionArn")

    async def certificate(_request: Request) -> Response:
        text = await run_in_threadpool(lambda: topics.signer.certificate)
        return Response(text, media_type="application/x-pem-file")

    return [
        Route(f"{PAGES}confirm", confirm, methods=["GET"]),
        Route(f"{PAGES}unsubscribe", unsubscribe, methods=["GET"]),
        Route(f"{PAGES}{CERTIFICATE}", certificate, methods=["GET"]),
    ]


def _scope(arn: str) -> Scope:
    return scope_of(arn.split(":")[3] if arn.count(":") > 2 else "", arn)


async def _answer(done: Callable[..., str], request: Request, *names: str) -> Response:
    try:
        found = await run_in_threadpool(done, *(request.query_params.get(name, "") for name in names))
    except NotFound as error:
        return PlainTextResponse(f"{error}\n", 404)
    except Invalid as error:
        return PlainTextResponse(f"{error}\n", 400)
    return PlainTextResponse(f"{found}\n")
