/**
 * Sends a batch of messages so that one which is always refused costs the others nothing: what fails together is sent one by
 * one, and each that fails alone waits for its next attempt.
 *
 * Tests: outbox-delivery.test.ts.
 */
export interface Delivery<Message> {
  readonly sent: readonly Message[];
  readonly failed: readonly FailedDelivery<Message>[];
}

export interface FailedDelivery<Message> {
  readonly message: Message;
  readonly error: unknown;
}

/** So many failures in a row are the receiver's rather than the messages': it may be out of reach, and slow to say so. */
const failuresInRowMax = 3;

/** What is in neither list was not tried alone, and is as it was. @param send - rejects when it has not taken all that it was given */
export async function deliver<Message>(
  messages: readonly Message[],
  send: (messages: readonly Message[]) => Promise<void>,
): Promise<Delivery<Message>> {
  try {
    await send(messages);
    return { sent: messages, failed: [] };
  } catch (error) {
    const [only] = messages;
    if (only !== undefined && messages.length === 1) return { sent: [], failed: [{ message: only, error }] };
  }
  const sent: Message[] = [];
  const failed: FailedDelivery<Message>[] = [];
  let failuresInRow = 0;
  for (const message of messages) {
    if (failuresInRow === failuresInRowMax) break;
    try {
      await send([message]);
      sent.push(message);
      failuresInRow = 0;
    } catch (error) {
      failed.push({ message, error });
      failuresInRow++;
    }
  }
  return { sent, failed };
}

const secondMs = 1_000;
const hourMs = 3_600_000;

/** @returns milliseconds until the next attempt: 1 s, 2 s, 4 s … at most an hour; 20 attempts take eight hours */
export function delayBefore(attempts: number): number {
  return Math.min(hourMs, secondMs * 2 ** (attempts - 1));
}
