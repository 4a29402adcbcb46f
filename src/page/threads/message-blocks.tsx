import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Message } from '../data/thread-state.ts';

const blockSize = 5;

interface BlockProps {
  readonly isNewest: boolean;
  readonly children: () => ComponentChildren;
}

/** Some messages, which are elements only near the visible part; else a space of the same height. */
function Block({ isNewest, children }: BlockProps) {
  const element = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const [isNear, setNear] = useState(true);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null || isNewest) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        if (entry.isIntersecting) setNear(true);
        else {
          height.current = entry.boundingClientRect.height;
          setNear(false);
        }
      },
      { root: current.closest('.scroll'), rootMargin: '1500px 0px' },
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, [isNewest]);
  const isShown = isNear || isNewest;
  return (
    <div ref={element} style={isShown ? {} : { height: `${height.current}px` }}>
      {isShown ? children() : null}
    </div>
  );
}

/** Gives each message a number that stays: older pages continue below the first one. */
function numberMessages(numbers: Map<string, number>, messages: readonly Message[]): void {
  const known = messages.findIndex(({ id }) => numbers.has(id));
  const first = numbers.get(messages[known]?.id ?? '') ?? 0;
  const start = known < 0 ? 0 : first - known;
  for (const [index, { id }] of messages.entries()) {
    if (!numbers.has(id)) numbers.set(id, start + index);
  }
}

interface Props {
  readonly messages: readonly Message[];
  readonly children: (message: Message) => ComponentChildren;
}

/** A long conversation, of which only the part near the visible one is in the document. */
export function MessageBlocks({ messages, children }: Props) {
  const numbers = useRef(new Map<string, number>()).current;
  numberMessages(numbers, messages);
  const blocks = Map.groupBy(messages, ({ id }) => Math.floor((numbers.get(id) ?? 0) / blockSize));
  const newest = Math.max(...blocks.keys());
  return (
    <>
      {[...blocks].map(([number, block]) => (
        <Block key={number} isNewest={number === newest}>
          {() => block.map((message) => children(message))}
        </Block>
      ))}
    </>
  );
}
