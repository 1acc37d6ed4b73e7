// Traffic made from a seed: for the demonstration, for tests and for benchmarks.
export { type DemoCapture, type DeviceCapture, demoCapture, ordinaryCapture } from './demo-capture.ts';
export { HomeNetwork } from './home-network.ts';
export { type ManyFlows, type ManyFlowsOptions, type ManyFlowsTotals, manyFlows } from './many-flows.ts';
export { type OrdinaryDeviceOptions, ordinaryDevice } from './ordinary-device.ts';
export { Playback } from './playback.ts';
export { Random } from './random.ts';
export { type TelnetWorm, type TelnetWormOptions, telnetWorm } from './telnet-worm.ts';
export { type Activity, type FrameSink, Timeline } from './timeline.ts';
