// The messages of tsunagi.v1 under the names the pages use; their shape comes from messages.def alone.
import type { MessageIn, MessageOut, Scalar } from "../../../signaling/messages/messages";

export type {
  Card, Failed, Known, MessageConsultation as Consultation, MessageMedia as Media, MessageOffer as Offer,
  MessageQueue as Queue, MessageSending as Sending, MessageWelcome as Welcome, Seat, Track, Waiting,
} from "../../../signaling/messages/messages";

export type FactValue = Scalar;
/* From the gateway to the page. */
export type Incoming = MessageOut;

type Fields<T extends MessageIn["type"]> = Omit<Extract<MessageIn, { type: T }>, "type" | "ref">;
export type OutgoingType = Exclude<MessageIn["type"], "hello">;
export type OutgoingFields<T extends OutgoingType> = Fields<T>;
