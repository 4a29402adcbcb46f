import type { Attributes } from '../store/vector-store-files.ts';

type Scalar = string | number | boolean;

/** Compares one attribute of a file. */
export interface AttributeComparison {
  readonly type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin';
  readonly key: string;
  readonly value: Scalar | readonly Scalar[];
}

/** A condition on the attributes of a file. */
export type SearchFilter =
  | AttributeComparison
  | { readonly type: 'and' | 'or'; readonly filters: readonly SearchFilter[] };

/** Negative or positive like the difference of both values; null if they cannot be ordered. */
function order(one: Scalar | undefined, other: AttributeComparison['value']): number | null {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (typeof one !== 'string' || typeof other !== 'string') return null;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const isAmong = (value: Scalar | undefined, values: AttributeComparison['value']): boolean =>
  value !== undefined && (Array.isArray(values) ? values.includes(value) : values === value);

/** An attribute that a file lacks, or of another type, equals nothing and is neither more nor less. */
function compare({ type, key, value }: AttributeComparison, attributes: Attributes): boolean {
  const attribute = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  const difference = order(attribute, value);
  switch (type) {
    case 'eq':
    case 'in':
      return isAmong(attribute, value);
    case 'ne':
    case 'nin':
      return !isAmong(attribute, value);
    case 'gt':
      return difference !== null && difference > 0;
    case 'gte':
      return difference !== null && difference >= 0;
    case 'lt':
      return difference !== null && difference < 0;
    case 'lte':
      return difference !== null && difference <= 0;
  }
}

/** Whether a file with these attributes is searched. */
export function matchesFilter(filter: SearchFilter, attributes: Attributes): boolean {
  if (!('filters' in filter)) return compare(filter, attributes);
  const matches = (part: SearchFilter) => matchesFilter(part, attributes);
  return filter.type === 'and' ? filter.filters.every(matches) : filter.filters.some(matches);
}
