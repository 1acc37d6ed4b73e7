// wardlet/agent: a device that reports to a hub. Node and browser.

export { type Clock, systemClock } from './clock.ts';
