"""The root of what the product raises on purpose; every text is for a person and says what to do.

SigntallyError
├── ServiceError                      ports.errors: a service did not do what was asked
│   ├── ServiceUnavailableError       ports.errors: the same call may succeed later
│   │   ├── ContentionError           stores.typed_objects: others kept changing an object
│   │   └── HistoryUnavailableError   ports.history: also a HistoryError
│   ├── AccessRefusedError            ports.errors: wrong or missing credentials
│   ├── NotProvisionedError           ports.errors: a queue, bucket, database or table does not exist
│   ├── StoreAddressError             ports.errors: the address of a usage store cannot be used
│   ├── BadDataError                  postgresql.errors: PostgreSQL refused a value for good
│   ├── ReplicaBehindError            postgresql.replica_reads: a replica does not have what the primary has
│   └── MailUncertainError            ports.mail: nobody knows whether the email was sent
├── MailDeferredError                 ports.mail: this recipient cannot get the email now
│   └── MailSilentError               ports.mail: the mail service said nothing in time about this email
├── MailRefusedError                  ports.mail: this recipient will never get the email
│   └── DestinationGoneError          ports.webhooks: nobody takes anything at this address any more
├── DeliveriesFailedError             use_cases.delivering.run: something was refused, is in doubt, pending or failed
├── NoScheduleError                   use_cases.delivering.sending_by_hand: the tenant has no schedule of this name
├── BadUnsubscribeLinkError           use_cases.delivering.unsubscribing: a link to unsubscribe was not made here
├── AddressNotPublicError             webhooks.connection: a webhook's host has no public address
├── AnswerOutOfBoundsError            bounded_answers: an answer over HTTP is too large or too slow
├── BadMailEventError                 domain.mail_events: what the mail service wrote is no event that is known
├── NoAddressError                    domain.mail_addresses: a message has no sender or no recipient
├── HistoryError                      ports.history: a file or database of past actions cannot be read
│   └── HistoryUnavailableError       ports.history: it can perhaps be read later
├── MissingColumnsError               domain.history_rows: fields that an event needs have no column
├── TimeWithoutZoneError              domain.history_rows: a column of times has no offset, and the mapping no zone
├── LogoError                         logos.errors: a logo cannot be shown, and why
├── ReportQueueUnavailableError       report_queue: nobody makes ordered reports now
├── TooManyOrdersError                report_queue: a tenant has as many ordered reports in work as it may
├── ObjectMissingError                ports.objects: no object is stored under a key
├── ReportMissingError                stores.report_states: no such report or version is stored
├── ReportInWorkError                 use_cases.reporting.deletion: a report cannot be deleted while it is being made
├── NewerFormatError                  bucket_format: a newer program has written to the bucket
├── BackupUnderWayError               use_cases.backups.making: another process writes a backup into this directory
├── NoBackupError                     use_cases.backups.restoring: no whole backup, or one of a newer program
├── UnknownTenantError                use_cases.offboarding.run: nothing is known of the tenant that is to be offboarded
├── UnknownUserError                  use_cases.erasing.run: nothing is known of the user who is to be erased
├── UnfinishedErasureError            use_cases.erasing.run: something could not be forgotten yet
├── ErasuresPendingError              use_cases.due_erasures: erasures that are due could not be finished, and stay due
├── OtherGroupError                   use_cases.reporting.version_diff: two reports differ in more than their formats
├── VersionNotReadyError              use_cases.reporting.version_diff: a version has no figures to compare
├── NoReportError                     render.json: these bytes are no JSON file of a report
├── EditConflictError                 stores.tenants: others kept changing the profile
├── BrokenProfileError                stores.profile_catalogue: a stored profile is invalid, in part or as a whole
├── ImportElsewhereError              stores.imports: another process has taken the import on
├── PeriodError                       domain.periods: no such period
│   └── FuturePeriodError             domain.periods: the period has not begun
├── BadEventError                     domain.events: what was sent is no event
├── UnknownReasonError                domain.dead_letter_queues: no dead letter has this reason
├── ScheduleLimitError                domain.schedule_limits: a schedule asks for more than is allowed
├── ControlTotalsError                domain.snapshot: figures contradict each other
├── TracingNotInstalledError          tracing: an exporter's endpoint is set, and its extra is not installed
├── DeployError                       deploying: Prefect's server did not take what was to be deployed
├── PortInUseError                    loopback: another program listens on the port
├── RenderFailedError                 render.process_pool: a file could not be made
│   └── RenderLimitError              render.process_pool: it took too much time or memory
├── WrongFileError                    render.verification: a finished file is damaged or does not add up
├── DevelopmentKeyError               development_key: the key cannot be read or made
├── ProblemError                      api.problems: a request is answered with a problem document
├── UnsafeStartError                  api.app: no JWKS is set, and real data would trust the development key
├── UnknownKeyError                   api.signing_keys: a token names a key that the JWKS does not have
├── KeysUnavailableError              api.signing_keys: the JWKS cannot be read
├── PageInsteadError                  api.files: a browser without a token is redirected to the page
├── ScriptError                       api.page_assets: a script of the page cannot be joined with the others
├── PlanError                         sample.plan: no such traffic can be invented
└── LocalError                        local.errors: the programs of `signtally local`, `up` and `demo`
    ├── ChildError                    local.processes: a program did not start, or ended by itself
    ├── DataInUseError                local.local_aws: another process has the data directory
    └── DemoMismatchError             local.demo: the figures are not what the traffic makes them

Some derive from a built-in error besides, for callers that catch that.
"""


class SigntallyError(Exception):
    """What the product raises on purpose."""
