using System.Diagnostics;
using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Notices that another rank has died. A thread waits for the end of the processes of this host, whatever else the rank is doing. One rank
/// of each host tells one of the next host twice a second that it lives; the thread of MPI does so, whose work is short even while the
/// processors are busy.
/// </summary>
/// <remarks>
/// A host is lost when nothing was heard of it for six seconds: twelve messages. A thread that sleeps most of the time gets a processor
/// within a tenth of a second on a machine with ten times as many busy threads as cores, and TCP repeats what was lost after 0.2, 0.6, 1.4
/// and 3 seconds. Only time counts in which this process ran too, so a run that was stopped and goes on (Ctrl-Z, a suspended machine) is
/// whole. While values are exchanged, messages wait behind them on the same connection: then it takes as much longer as they take at
/// 4 MB/s.
/// </remarks>
internal sealed class RankWatch : IDisposable
{
    private const string Ended = "has ended without a word: it was killed, or it crashed",
        OutOfMemory = "has ended: the system killed a process of this host because memory ran out";

    private const int Interval = 100;

    /// <summary>
    /// Time for a rank's own account of its failure to be read after its end was seen. It was sent before; and launchers that kill the
    /// others leave little time.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(40);

    /// <summary>Time for the rank that speaks to end all: if it dies too, another speaks.</summary>
    private static readonly TimeSpan LongestSpeech = TimeSpan.FromMilliseconds(700);

    /// <summary>Time for the end of a rank to be seen after a call of MPI failed.</summary>
    private static readonly TimeSpan LongestDoubt = TimeSpan.FromMilliseconds(600);

    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(0.5), LongestSilence = TimeSpan.FromSeconds(6);

    /// <summary>Bytes a second of a network that is not taken for a lost host.</summary>
    private const double SlowestLink = 4e6;

    /// <summary>Time for the end of others while this rank leaves, once one of them has ended.</summary>
    private static readonly TimeSpan LongestLeave = TimeSpan.FromSeconds(3);

    private readonly Mpi _mpi;
    private readonly RankPlace[] _places;
    private readonly ProcessStatus?[] _processes;
    private readonly long[] _left;
    private readonly int _listener = -1, _speaker = -1;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _end = new();
    private readonly long _outOfMemory = MemoryKills();
    private long _leastLeft = long.MaxValue, _lastBeat, _lastLook;
    private TimeSpan _silence;
    private int _leftCount, _firstLeft = -1;
    private Stopwatch? _sinceEnd;
    private Exception? _failure;
    private Stopwatch? _sinceFailure;

    public RankWatch(Mpi mpi, RankPlace[] places)
    {
        (_mpi, _places) = (mpi, places);
        RankPlace own = places[mpi.Rank];
        _left = [.. places.Select(_ => long.MaxValue)];
        _processes = new ProcessStatus?[places.Length];
        for (int rank = 0; rank < places.Length; rank++)
        {
            if (rank != mpi.Rank && own.Sees(places[rank]))
                _processes[rank] = ProcessStatus.Open(places[rank].Process, places[rank].Started);
        }

        // The first rank of each group of ranks that see each other, in a ring.
        int[] first = [.. Enumerable.Range(0, places.Length).Where(rank =>
            !Enumerable.Range(0, rank).Any(earlier => places[rank].Sees(places[earlier])))];
        int place = Array.IndexOf(first, mpi.Rank);
        if (place >= 0 && first.Length > 1)
        {
            _listener = first[(place + 1) % first.Length];
            _speaker = first[(place + first.Length - 1) % first.Length];
        }
        _lastBeat = _lastLook = Stopwatch.GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "rank watch" };
    }

    /// <summary>Whether this rank is on its way out: the others may end.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether all others said that they leave.</summary>
    public bool AllLeft => _leftCount == _places.Length - 1;

    /// <summary>Whether another rank ended while this one leaves, long enough ago.</summary>
    public bool HasWaited => Volatile.Read(ref _sinceEnd) is { } since && since.Elapsed > LongestLeave;

    public void Start() => _thread.Start();

    public void Dispose() => _end.Set();

    /// <summary>Takes what another rank said. Called on the thread of MPI.</summary>
    public void OnMessage(RankMessages.Kind kind, int rank, long number, string text)
    {
        switch (kind)
        {
            case RankMessages.Kind.Beat:
                if (rank == _speaker) _silence = TimeSpan.Zero;
                break;
            case RankMessages.Kind.Failure:
                // It has told the user itself.
                Begin(new RankLostException(Sentence(rank, $"failed: {text}"), rank, isSpeaker: false));
                break;
            case RankMessages.Kind.Loss:
                Begin(new RankLostException(text, (int)number, isSpeaker: false));
                break;
            default:
                Volatile.Write(ref _left[rank], number);
                if (number < _leastLeft) (_leastLeft, _firstLeft) = (number, rank);
                _leftCount++;
                break;
        }
    }

    /// <summary>Says that this rank lives, and looks whether the others do. Called on the thread of MPI.</summary>
    public void Beat(RankMessages messages, MpiThread thread)
    {
        if (_firstLeft >= 0 && thread.HasFrom(_leastLeft))
        {
            Begin(new RankLostException(Sentence(_firstLeft, "has left, but this rank goes on and needs it"), _firstLeft,
                _mpi.Rank == (_firstLeft == 0 ? 1 : 0)));
            return;
        }
        if (_listener < 0) return;
        long now = Stopwatch.GetTimestamp();
        if (Stopwatch.GetElapsedTime(_lastBeat, now) >= BeatInterval)
        {
            _lastBeat = now;
            messages.SendBeat(_listener);
        }
        TimeSpan passed = Stopwatch.GetElapsedTime(_lastLook, now);
        _lastLook = now;
        // Messages wait behind the values that are on the same connection.
        double patience = 1 + thread.BytesExchanged() / SlowestLink / LongestSilence.TotalSeconds;
        _silence += (passed < BeatInterval ? passed : BeatInterval) / patience;
        if (_silence > LongestSilence && !(IsLeaving && _left[_speaker] < long.MaxValue))
        {
            string silence = string.Create(CultureInfo.InvariantCulture,
                $"nothing was heard of it for {LongestSilence.TotalSeconds} seconds; its process, host or network is gone");
            Begin(new RankLostException(Sentence(_speaker, $"cannot be reached: {silence}"), _speaker, isSpeaker: true));
        }
    }

    /// <summary>Takes a failure of a call of MPI. A rank that died is the better account of it, if one is found soon.</summary>
    public void OnFailure(Exception failure)
    {
        if (_failure is not null) return;
        _failure = failure;
        Volatile.Write(ref _sinceFailure, Stopwatch.StartNew());
    }

    private void Run()
    {
        ProcessStatus[] all = [.. _processes.OfType<ProcessStatus>()];
        int dead = -1, speaker = -1;
        Stopwatch? since = null, sinceSpeaker = null;
        while (!_end.IsSet && _mpi.Loss is null)
        {
            if (since is null && _sinceEnd is null) ProcessStatus.WaitForEnd(all, Interval);
            else Thread.Sleep(5);
            if (_end.IsSet || _mpi.Loss is not null) return;
            if (dead < 0)
            {
                dead = FindDead();
                if (dead < 0)
                {
                    if (Volatile.Read(ref _sinceFailure)?.Elapsed > LongestDoubt)
                        _mpi.LoseRank(new RankLostException(
                            Sentence(_mpi.Rank, $"cannot exchange data with the others: {_failure!.Message}"), -1, _mpi.LocalRank == 0));
                    continue;
                }
                since = Stopwatch.StartNew();
            }
            // The lowest rank that lives on this host speaks. If it ends too, it may have spoken: then it has told the others.
            int lowest = 0;
            while (lowest != _mpi.Rank && _processes[lowest]?.IsAlive != true) lowest++;
            if (lowest != speaker)
            {
                (speaker, sinceSpeaker) = (lowest, Stopwatch.StartNew());
                _mpi.TakeMessages();
            }
            if (sinceSpeaker!.Elapsed < Grace || (speaker != _mpi.Rank && since!.Elapsed < LongestSpeech)) continue;
            string sentence = Sentence(dead, MemoryKills() > _outOfMemory ? OutOfMemory : Ended);
            _mpi.TellsLoss = speaker == _mpi.Rank;
            _mpi.LoseRank(new RankLostException(sentence, dead, speaker == _mpi.Rank && !_places[dead].HasWitness));
        }
    }

    /// <summary>Returns a rank of this host that has ended without leave, or -1.</summary>
    private int FindDead()
    {
        for (int rank = 0; rank < _processes.Length; rank++)
        {
            if (_processes[rank] is not { } process || process.IsAlive) continue;
            if (!IsLeaving || Volatile.Read(ref _left[rank]) == long.MaxValue) return rank;
            if (_sinceEnd is null) Volatile.Write(ref _sinceEnd, Stopwatch.StartNew());
        }
        return -1;
    }

    /// <summary>Ends this rank's work on another thread, for handlers may call MPI.</summary>
    private void Begin(RankLostException loss)
    {
        if (_mpi.Loss is null) new Thread(() => _mpi.LoseRank(loss)) { IsBackground = true, Name = "rank lost" }.Start();
    }

    /// <summary>Starts what says that this rank has ended.</summary>
    /// <param name="description">Names the rank.</param>
    public static IDisposable? StartWitness(string description) =>
        RankWitness.Start(Sentence(description, Ended), Sentence(description, OutOfMemory), MemoryKills());

    private string Sentence(int rank, string what) => Sentence(_mpi.Describe(rank), what);

    private static string Sentence(string description, string what)
    {
        string text = $"{description} {what}";
        return $"{char.ToUpperInvariant(text[0])}{text[1..].TrimEnd('.')}.";
    }

    /// <summary>Processes that the system has killed so far because memory ran out, or 0 where it does not tell.</summary>
    private static long MemoryKills()
    {
        try
        {
            string? line = File.ReadLines("/proc/vmstat").FirstOrDefault(line => line.StartsWith("oom_kill ", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan("oom_kill ".Length), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
