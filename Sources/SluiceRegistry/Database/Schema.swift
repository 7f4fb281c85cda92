import GRDB

/// The tables, and how an older file becomes a newer one. A migration that was shipped is never changed; a new one is added.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE usage (
                        hour INTEGER NOT NULL, tenant TEXT NOT NULL, stream TEXT NOT NULL, orchestrator TEXT NOT NULL,
                        capability TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL, wei INTEGER NOT NULL, per INTEGER NOT NULL,
                        bookings INTEGER NOT NULL, units INTEGER NOT NULL, milliseconds INTEGER NOT NULL,
                        PRIMARY KEY (hour, tenant, stream, orchestrator, capability, kind, unit, wei, per)) WITHOUT ROWID;
                    CREATE TABLE offer (
                        orchestrator TEXT NOT NULL, pipeline TEXT NOT NULL, model TEXT NOT NULL, body BLOB NOT NULL, seen INTEGER NOT NULL,
                        PRIMARY KEY (orchestrator, pipeline, model)) WITHOUT ROWID;
                    CREATE TABLE price (
                        orchestrator TEXT NOT NULL, pipeline TEXT NOT NULL, model TEXT NOT NULL, at INTEGER NOT NULL,
                        wei INTEGER NOT NULL, per INTEGER NOT NULL, unit TEXT NOT NULL,
                        PRIMARY KEY (orchestrator, pipeline, model, at)) WITHOUT ROWID;
                    CREATE TABLE history (
                        orchestrator TEXT NOT NULL, pipeline TEXT NOT NULL, model TEXT NOT NULL, width INTEGER NOT NULL,
                        start INTEGER NOT NULL, tally BLOB NOT NULL,
                        PRIMARY KEY (orchestrator, pipeline, model, width, start)) WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
