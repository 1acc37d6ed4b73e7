// Prints how many bytes of frames standard input holds, or the fault.
import { WardletError } from '../../bindings/js/errors.ts';
import { fileSource, openCapture } from '../../host/capture/index.ts';

try {
  const capture = await openCapture(fileSource('-'));
  const target = new Uint8Array(4096);
  let total = 0;
  for (let n = await capture.fill(target); n > 0; n = await capture.fill(target)) total += n;
  await capture.close();
  console.log(total);
} catch (fault) {
  if (!(fault instanceof WardletError)) throw fault;
  console.log(fault.code, fault.message);
}
