import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeUserScramCredentialsRequest = message({
  name: 'DescribeUserScramCredentialsRequest',
  kind: 'request',
  apiKey: 50,
  listeners: ['broker', 'controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    users: field(
      array(
        struct('UserName', {
          name: field(string, '0+'),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
  }),
});

export type DescribeUserScramCredentialsRequest = ValueOf<typeof describeUserScramCredentialsRequest>;

export const describeUserScramCredentialsResponse = message({
  name: 'DescribeUserScramCredentialsResponse',
  kind: 'response',
  apiKey: 50,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    results: field(
      array(
        struct('DescribeUserScramCredentialsResult', {
          user: field(string, '0+'),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
          credentialInfos: field(
            array(
              struct('CredentialInfo', {
                mechanism: field(int8, '0+'),
                iterations: field(int32, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeUserScramCredentialsResponse = ValueOf<typeof describeUserScramCredentialsResponse>;
