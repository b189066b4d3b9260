// Ids, sides, similarities, model names and audience sizes are part of this module's interface.
@_exported public import KindredDomain
