/** Why a set of configs is refused: the name of Kafka's error and its message. */
export interface ConfigProblem {
  readonly error: 'INVALID_CONFIG' | 'INVALID_REQUEST' | 'INVALID_TOPIC_EXCEPTION';
  readonly message: string;
}
