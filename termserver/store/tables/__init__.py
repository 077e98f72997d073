"""The tables: `content` (immutable), `curation` (transactional), `service` (people, jobs, audit)."""

from termserver.store.tables.content import (
    AliasTable,
    CodeSystemTable,
    ConceptMapElementTable,
    ConceptMapTable,
    ConceptParentTable,
    ConceptTable,
    NamingSystemTable,
    ResourceVersionTable,
    RevisionTable,
    StagedLoadTable,
    ValueSetTable,
)
from termserver.store.tables.curation import (
    CandidateSetTable,
    CommentTable,
    DecisionTable,
    DecisionTargetTable,
    ProjectMemberTable,
    ProjectTable,
    RowChangeTable,
    SourceRowTable,
    UsagiLineTable,
)
from termserver.store.tables.declarative import Table
from termserver.store.tables.service import (
    AuditEventTable,
    JobTable,
    PersonTable,
    SessionTokenTable,
    SignInFailureTable,
)

__all__ = [
    "AliasTable",
    "AuditEventTable",
    "CandidateSetTable",
    "CodeSystemTable",
    "CommentTable",
    "ConceptMapElementTable",
    "ConceptMapTable",
    "ConceptParentTable",
    "ConceptTable",
    "DecisionTable",
    "DecisionTargetTable",
    "JobTable",
    "NamingSystemTable",
    "PersonTable",
    "ProjectMemberTable",
    "ProjectTable",
    "ResourceVersionTable",
    "RevisionTable",
    "RowChangeTable",
    "SessionTokenTable",
    "SignInFailureTable",
    "SourceRowTable",
    "StagedLoadTable",
    "Table",
    "UsagiLineTable",
    "ValueSetTable",
]
