/**
 * What only the active controller can decide goes to it, wherever it is (KIP-590): here it is handled where the active
 * controller is of this process, and sent on in an Envelope where it is not.
 */
import type { InputOf, MessageSchema, ValueOf } from '../wire/schema.ts';
import type { Handler, RequestContext } from './handler.ts';

export interface Forwarding {
  /** The active controller is of this process. */
  readonly isLocal: boolean;
  /** Rejects with KafkaError when no controller has answered in time. */
  forward<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: { readonly request: Req; readonly response: Res },
    body: ValueOf<Req>,
    context: RequestContext,
  ): Promise<InputOf<Res>>;
}

/** `answered` runs before the client hears the answer of a controller elsewhere. */
export function forwarded<Req extends MessageSchema, Res extends MessageSchema>(
  handler: Handler<Req, Res>,
  forwarding: Forwarding,
  answered: (request: ValueOf<Req>, answer: InputOf<Res>) => Promise<void> = async () => undefined,
): Handler<Req, Res> {
  return {
    ...handler,
    async handle(request, context) {
      if (forwarding.isLocal) return handler.handle(request, context);
      const answer = await forwarding.forward(handler, request, context);
      await answered(request, answer);
      // The controller counts what is changed; the client waits for it here (KIP-599).
      if ('throttleTimeMs' in answer) context.usage.throttleTimeMs = Number(answer.throttleTimeMs);
      return answer;
    },
  };
}
