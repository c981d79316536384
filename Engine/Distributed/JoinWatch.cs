using System.Diagnostics;
using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Notices that another rank of this host ends while the ranks still join, when no rank knows the processes of the others and each may wait
/// for all within MPI. It looks at the processes that the same launcher started: Linux tells their parent's children, and the environment
/// of each says its rank. Where it cannot see them, the launcher's report has to do.
/// </summary>
/// <remarks>
/// Launchers end the others too: Open MPI a second after a rank has ended, MPICH at once. There a <see cref="RankWitness"/> speaks.
/// </remarks>
internal sealed class JoinWatch : IDisposable
{
    private const int Interval = 50;

    /// <summary>
    /// Time for this rank's own join to end after the end of another: all may have met the same failure, and said it.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);

    /// <summary>Time for the rank that speaks to end: if it does not, another speaks.</summary>
    private static readonly TimeSpan LongestSpeech = TimeSpan.FromMilliseconds(300);

    private readonly Launch _launch;
    private readonly bool _speaks;
    private readonly Action<RankLostException> _lost;
    private readonly SortedDictionary<int, (int Process, ProcessStatus Status)> _others = [];
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _thread;

    /// <param name="speaks">Whether one of the ranks that are left tells the user; else the lost one's witness does.</param>
    /// <param name="lost">Told once of a rank that has ended, on the watch's own thread.</param>
    public JoinWatch(Launch launch, bool speaks, Action<RankLostException> lost)
    {
        (_launch, _speaks, _lost) = (launch, speaks, lost);
        _thread = new Thread(Run) { IsBackground = true, Name = "join watch" };
        _thread.Start();
    }

    /// <summary>What it told of, or null.</summary>
    public RankLostException? Loss { get; private set; }

    /// <summary>Waits for a loss that explains a failure of this rank.</summary>
    public RankLostException? WaitForLoss()
    {
        _thread.Join(2 * (Grace + LongestSpeech));
        return Loss;
    }

    /// <summary>Ends the watch, unless it has told of a loss.</summary>
    public void Dispose()
    {
        _end.Set();
        if (Thread.CurrentThread != _thread) _thread.Join();
        foreach ((_, ProcessStatus status) in _others.Values) status.Dispose();
    }

    private void Run()
    {
        while (!_end.Wait(Interval))
        {
            Find();
            int lost = FirstLost();
            if (lost < 0) continue;
            if (_end.Wait(Grace)) return;
            // The lowest rank that lives speaks, and ends.
            int speaker = _others.FirstOrDefault(other => other.Key < _launch.Rank && other.Value.Status.IsAlive, new(-1, default)).Key;
            var since = Stopwatch.StartNew();
            while (speaker >= 0 && _others[speaker].Status.IsAlive && since.Elapsed < LongestSpeech)
                if (_end.Wait(5)) return;
            bool isSpeaker = speaker < 0 || _others[speaker].Status.IsAlive;
            string who = string.Create(
                CultureInfo.InvariantCulture, $"Rank {lost} on host {Environment.MachineName} (process {_others[lost].Process})");
            Loss = new(
                $"{who} has ended while the ranks joined: it was killed, it crashed, or it said why before. Start all ranks again.", lost,
                isSpeaker && _speaks);
            _lost(Loss);
            return;
        }
    }

    /// <summary>Returns the lowest rank that was seen and has ended, or -1.</summary>
    private int FirstLost()
    {
        foreach ((int rank, (_, ProcessStatus status)) in _others)
            if (!status.IsAlive) return rank;
        return -1;
    }

    /// <summary>Finds ranks that were not seen before.</summary>
    private void Find()
    {
        if (_others.Count == (_launch.LocalSize ?? _launch.Size ?? int.MaxValue) - 1) return;
        foreach (int process in Siblings())
        {
            if (process == Environment.ProcessId || _others.Values.Any(other => other.Process == process)) continue;
            if (RankOf(process) is not { } rank || rank == _launch.Rank || _others.ContainsKey(rank)) continue;
            if (ProcessStatus.Started(process) is { } started && ProcessStatus.Open(process, started) is { } status)
                _others[rank] = (process, status);
        }
    }

    /// <summary>Returns the processes that have this one's parent.</summary>
    private static List<int> Siblings()
    {
        List<int> siblings = [];
        try
        {
            if (ProcessStatus.Parent(Environment.ProcessId) is not { } parent) return siblings;
            foreach (string thread in Directory.GetDirectories($"/proc/{parent}/task"))
                foreach (string child in File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    siblings.Add(int.Parse(child, CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The system does not tell, or a thread has ended.
        }
        return siblings;
    }

    /// <summary>Returns the rank that a process was started as by this one's launcher, or null.</summary>
    private int? RankOf(int process)
    {
        string[] variables;
        try
        {
            variables = File.ReadAllText($"/proc/{process}/environ").Split('\0');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        Launch? launch = Launch.Find(name => variables.FirstOrDefault(variable =>
            variable.Length > name.Length && variable[name.Length] == '=' && variable.StartsWith(name, StringComparison.Ordinal))
            ?[(name.Length + 1)..]);
        return launch is not null && launch.Launcher == _launch.Launcher && launch.Size == _launch.Size ? launch.Rank : null;
    }
}
