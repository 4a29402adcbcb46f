import { useEffect } from 'preact/hooks';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');

/** The items that `j` and `k` move through: the phases of a run if it has the focus, else the list. */
function itemsAround(element: Element | null): HTMLElement[] {
  const scope = element?.closest('.timeline') ?? document.querySelector('.thread-items');
  return [...(scope?.querySelectorAll<HTMLElement>('a.thread-item, button.phase') ?? [])];
}

function move(by: 1 | -1): void {
  const { activeElement } = document;
  const items = itemsAround(activeElement);
  const current = items.findIndex((item) => item === activeElement);
  items[Math.min(items.length - 1, Math.max(0, current + by))]?.focus();
}

/** Keys of the whole page: Ctrl K and / search, j and k move through lists. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isSearch = event.key === 'k' && (event.ctrlKey || event.metaKey);
      if (isSearch || (event.key === '/' && !isTyping(event.target))) {
        const search = document.querySelector<HTMLInputElement>('#search');
        if (search === null) return;
        event.preventDefault();
        search.focus();
        search.select();
        return;
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'j') move(1);
      if (event.key === 'k') move(-1);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
