"""The root of what the product raises on purpose; every text is for a person and says what to do.

SigntallyError
├── ServiceError                      ports.errors: a service did not do what was asked
│   ├── ServiceUnavailableError       the same call may succeed later
│   │   ├── DeliveriesPendingError    use_cases.delivery_run: something due could not be delivered yet
│   │   └── ContentionError           stores.typed_objects: others kept changing an object
│   ├── AccessRefusedError            wrong or missing credentials
│   ├── NotProvisionedError           a queue, bucket, database or table does not exist
│   └── MailUncertainError            ports.mail: nobody knows whether it was sent
├── MailRefusedError                  ports.mail: this recipient will never get it
├── HistoryError                      ports.history: a file or database of past actions cannot be read
├── ReportQueueUnavailableError       ports.report_queue: orders cannot be taken now
├── ObjectMissingError                ports.objects; also a LookupError
├── ReportMissingError                stores.reports; also a LookupError
├── EditConflictError                 stores.tenants: others kept changing the profile
├── BrokenProfileError                stores.profile_catalogue: what is stored is no profile
├── ImportElsewhereError              stores.imports: another process has taken the import on
├── PeriodError, FuturePeriodError    domain.periods; also ValueErrors
├── BadEventError                     domain.events; also a ValueError
├── ControlTotalsError                domain.snapshot: figures contradict each other
├── PortInUseError                    loopback: another program listens on the port
├── DevelopmentKeyError               development_key: the key cannot be read or made
├── ProblemError                      api.problems: a request is answered with a problem document
├── UnsafeStartError                  api.app: no JWKS is set, and real data would trust the development key
├── UnknownKeyError, KeysUnavailableError   api.signing_keys
├── PageInsteadError                  api.files: a browser without a token is redirected to the page
├── PlanError                         sample.plan: no such traffic can be invented
└── LocalError                        local.errors: the programs of `signtally local`, `up` and `demo`
"""


class SigntallyError(Exception):
    """What the product raises on purpose."""
