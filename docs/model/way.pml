/* One message and one "not me": write down, then look (docs/flow.md, laws L1 and L5).

   Two mails to one mailbox come through two gates, which may die after any step. Meanwhile the customer may prove
   the address, its owner says "not me", a worker drives the outbox, and time passes. What a step below does at once
   is one transaction, or one statement, in the code; between two steps anything else may happen.

   Checked for every interleaving:
     - nothing is delivered after the page said "done" (L5), and nothing before the proof (L1);
     - a mail that was answered with 250 is delivered, waits, or was destroyed by the disavowal;
     - at the end nothing waits that may go, and nothing is kept that never may.

   Each mutation, chosen by -D, breaks one sentence of the code, and must be found:
     LOOK_FIRST   the gate looks at the standing and writes "leaving" afterwards
     NO_WAIT      the report does not wait for what is leaving
     NO_DEADLINE  a courier takes as long as it likes
     BLIND_DRIVE  the worker does not look again before it hands over
     BLIND_HOLD   what is kept is not looked at again under the address's lock
     EARLY_250    the gate answers before it has written what became of the mail */

#define MAILS 2

mtype = { nowhere, leaving, held, queued, settled, destroyed };

mtype line[MAILS] = nowhere;   /* the ledger; committed at once */
bool young[MAILS];             /* "leaving" for less than a courier may take */
bool wire[MAILS];              /* a courier has it in its hands */
bool arrived[MAILS];           /* the next hop took it */
bool answered[MAILS];          /* the sender was told 250 */
bool proved, disavowed, done;
byte running = MAILS + 2;      /* gates, the customer and the report: when all have ended, the worker may stop */

bool waited[MAILS];            /* was leaving when the report looked, and has not begun anew since */

inline write_leaving(i) { d_step { line[i] = leaving; young[i] = true; waited[i] = false } }

/* Hands over, or has no time left and never `tried`. `ok` says that the next hop took it for certain. */
inline hand_over(i, tried, ok) {
  ok = false; tried = true;
  if
#ifdef NO_DEADLINE
  :: wire[i] = true
#else
  :: atomic { young[i] -> wire[i] = true }
  :: atomic { !young[i] -> tried = false; goto over }
#endif
  fi;
  if
  :: atomic { assert(!done); assert(proved); arrived[i] = true; ok = true; wire[i] = false }
  :: atomic { assert(!done); assert(proved); arrived[i] = true; wire[i] = false }    /* its answer was lost */
  :: atomic { wire[i] = false }                                                      /* it said 4xx, or our process died */
  fi;
over: skip
}

proctype Gate(byte i) {
  bool may, tried, ok;
#ifdef LOOK_FIRST
  may = proved && !disavowed;
  write_leaving(i);
#else
  write_leaving(i);
  if :: goto died :: skip fi;
  may = proved && !disavowed;
#endif
  if :: goto died :: skip fi;
#ifdef EARLY_250
  answered[i] = true;
  if :: goto died :: skip fi;
#endif
  if
  :: may ->
     hand_over(i, tried, ok);
     if :: !tried -> goto died :: tried fi;              /* `TryLater`: the sender keeps it */
     if :: goto died :: skip fi;
     d_step { if :: ok -> line[i] = settled :: else -> line[i] = queued fi }
  :: else ->
     d_step {                                            /* `holds.hold`, under the address's lock */
       if
#ifndef BLIND_HOLD
       :: disavowed -> line[i] = destroyed
       :: !disavowed && proved -> line[i] = queued
       :: !disavowed && !proved -> line[i] = held
#else
       :: true -> line[i] = held
#endif
       fi
     }
  fi;
  if :: goto died :: skip fi;
  answered[i] = true;
died:
  running--
}

/* The customer proves the address, or never does; what waits is released in the same transaction. */
proctype Customer() {
  byte i;
  if
  :: d_step {
       if
       :: !disavowed ->
          proved = true;
          for (i : 0 .. MAILS - 1) { if :: line[i] == held -> line[i] = queued :: else fi }
       :: else
       fi;
       i = 0
     }
  :: skip
  fi;
  running--
}

inline destroy() {
  d_step {
    for (i : 0 .. MAILS - 1) { if :: line[i] == held || line[i] == queued -> line[i] = destroyed :: else fi }
    i = 0
  }
}

#define ON_ITS_WAY(i) (line[i] == leaving && young[i])

/* `notme.report` */
proctype Report() {
  byte i;
  disavowed = true;
  destroy();
#ifndef NO_WAIT
  d_step { waited[0] = ON_ITS_WAY(0); waited[1] = ON_ITS_WAY(1) }
  !(waited[0] && ON_ITS_WAY(0)) && !(waited[1] && ON_ITS_WAY(1));
#endif
  destroy();
  done = true;
  running--
}

/* The worker: `holds.drive`, and `due` for what a crash has left behind. */
proctype Worker() {
  byte i;
  bool may, tried, ok;
end:
  do
  :: atomic { line[0] == queued -> i = 0; write_leaving(i) } -> goto go
  :: atomic { line[1] == queued -> i = 1; write_leaving(i) } -> goto go
  :: atomic { running == 0 && line[0] != queued && line[1] != queued && !ON_ITS_WAY(0) && !ON_ITS_WAY(1) -> goto ended }
  od;
go:
  if :: goto crashed :: skip fi;
#ifdef BLIND_DRIVE
  may = true;
#else
  may = proved && !disavowed;
#endif
  if
  :: may ->
     hand_over(i, tried, ok);
     if :: goto crashed :: skip fi;
     d_step { if :: ok -> line[i] = settled :: else -> line[i] = queued fi }
  :: else -> d_step { if :: disavowed -> line[i] = destroyed :: else -> line[i] = held fi }
  fi;
  goto end;
crashed:                                                 /* another takes it back once its lease is over */
  atomic { !young[i] -> line[i] = queued };
  goto end;
ended:
  /* Everything has come to rest. What no 250 was said of is still its sender's. */
  for (i : 0 .. MAILS - 1) {
    assert(!answered[i] || arrived[i] || line[i] == held || line[i] == destroyed);
    assert(!(line[i] == held && proved && !disavowed));
    assert(!(done && (line[i] == held || line[i] == queued)))
  }
}

/* Time passes: what is leaving grows old. A courier ends before that. */
proctype Clock(byte i) {
end:
  do
#ifdef NO_DEADLINE
  :: d_step { young[i] -> young[i] = false }
#else
  :: d_step { young[i] && !wire[i] -> young[i] = false }
#endif
  od
}

init {
  atomic {
    proved = false;
    if :: proved = true :: skip fi;                      /* it may have been proved long ago */
    run Gate(0); run Gate(1); run Customer(); run Report(); run Worker(); run Clock(0); run Clock(1)
  }
}
