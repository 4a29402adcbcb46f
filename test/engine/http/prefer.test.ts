import { expect, test } from 'vitest';
import { maxWaitSeconds, parseWait } from '../../../src/engine/http/prefer.ts';

test.each([
  ['wait=10', 10],
  ['WAIT=10', 10],
  ['  wait  =  10  ', 10],
  ['wait="10"', 10],
  ['wait=" 10"', null],
  ['wait="\\10"', 10],
  ['wait=10; priority=5', 10],
  ['respond-async, wait=10', 10],
  ['respond-async,wait=10', 10],
  [', ,wait=10,', 10],
  ['return=minimal; foo="a, wait=1", wait=10', 10],
  ['x="\\", wait=1", wait=10', 10],
  ['wait=10, wait=20', 10],
  ['wait=0', 0],
  ['wait=00010', 10],
  ['wait=99999999999999999999', maxWaitSeconds],
  ['wait', null],
  ['wait=', null],
  ['wait=""', null],
  ['wait=-1', null],
  ['wait=1.5', null],
  ['wait=1e3', null],
  ['wait=soon', null],
  ['wait 10', null],
  ['wait:10', null],
  ['await=10', null],
  ['wait="10', null],
  ['wait=soon, wait=10', null],
  ['respond-async', null],
  ['', null],
  [undefined, null],
])('the header Prefer %j means a wait of %j seconds', (header, seconds) => {
  expect(parseWait(header)).toBe(seconds);
});

test('a header of the longest size is read in one pass', () => {
  expect(parseWait('"\\'.repeat(8000))).toBeNull();
  expect(parseWait(`${'a=1;b="c",'.repeat(1600)}wait=5`)).toBe(5);
});
