// @wardlet/service: the cloud half. Node only.

export type { ReceivedMessage } from './hub/received-message.ts';
