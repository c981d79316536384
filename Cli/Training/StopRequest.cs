using System.Globalization;
using System.Runtime.InteropServices;
using GpuCnn.Cli.Output;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>
/// Turns the first Ctrl-C, SIGQUIT, SIGTERM, SIGHUP or SIGUSR1 into a request to stop after the step, with a checkpoint. Before the first
/// step there is nothing to save, and the process ends. A second Ctrl-C or SIGQUIT says what it loses and ends the process. Of several
/// ranks the trainer stops all after the same step, whichever got the signal; rank 0 alone speaks.
/// </summary>
internal sealed class StopRequest : ITrainingObserver, IDisposable
{
    /// <summary>Time to end by itself before the first step, so that half-drawn pictures are removed.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    /// <summary>Job schedulers announce the end of a job by it.</summary>
    private const PosixSignal UserSignal = (PosixSignal)SignalHandlers.LinuxUserSignal;

    private readonly CancellationTokenSource _source;
    private readonly CommandHost _host;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly SignalHandlers? _handlers;
    private readonly Lock _gate = new();
    private PosixSignal? _signal;
    private RunDirectory? _claimed;
    private TrainingDisplay? _display;
    private long _step, _saved;
    private bool _isEnding;
    private Communicator _ranks = Communicator.Alone;

    public StopRequest(CommandHost host)
    {
        _host = host;
        _source = CancellationTokenSource.CreateLinkedTokenSource(host.Cancellation);
        if (!host.OwnsProcess) return;
        PosixSignal[] user = OperatingSystem.IsLinux() ? [UserSignal] : [];
        foreach (PosixSignal signal in (PosixSignal[])
            [PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, .. user])
            if (signal != PosixSignal.SIGHUP || !IsHangupIgnored()) _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        _handlers = SignalHandlers.Capture();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The exit code that shells expect of the signal; null if there was none.</summary>
    public int? ExitCode
    {
        get
        {
            lock (_gate) return _signal is { } signal ? Code(signal) : null;
        }
    }

    /// <summary>Whether a signal came before the first step.</summary>
    public bool IsStoppedEarly
    {
        get
        {
            lock (_gate) return _signal is not null && _display is null;
        }
    }

    /// <summary>Releases a folder, if the process ends before the run begins.</summary>
    public void Claim(RunDirectory directory)
    {
        lock (_gate) _claimed = directory;
    }

    /// <summary>From now on there is something to save.</summary>
    /// <exception cref="StoppedException">A signal came before.</exception>
    public void Begin(TrainingRun run, TrainingDisplay display)
    {
        lock (_gate)
        {
            if (_signal is not null) throw BeforeFirstStep();
            _display = display;
            _step = _saved = run.Step;
        }
        Listen();
    }

    /// <summary>The processes that train together: once one is lost, the others end whatever signals come.</summary>
    public void Follow(Communicator ranks) => _ranks = ranks;

    /// <summary>Hears signals again that a driver took over when it was loaded.</summary>
    public void Listen() => _handlers?.Restore();

    /// <summary>The failure of a run that was stopped before its first step.</summary>
    public StoppedException BeforeFirstStep()
    {
        // The process ends by this one; the signal's own thread leaves it alone.
        lock (_gate) _isEnding = true;
        return new(_host.Launch is not null && _ranks.IsAlone
            ? "Stopped before the first step, while the ranks joined: the launcher was stopped, or a rank has ended, which the launcher "
                + "names. There is nothing to save; start all ranks again."
            : "Stopped before the first step; there is nothing to save.", ExitCode ?? Program.Failed);
    }

    public void StepDone(in StepReport report) => Interlocked.Exchange(ref _step, report.Step);

    public void CheckpointSaved(string path) => Interlocked.Exchange(ref _saved, RunDirectory.StepOf(path) ?? _saved);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        TrainingDisplay? display;
        if (_ranks.Loss is not null)
        {
            // Launchers send it to those that are left, which have nothing to save together.
            context.Cancel = true;
            return;
        }
        lock (_gate)
        {
            if (_signal is not null)
            {
                // Terminals, shells and service managers send these twice; that means no hurry.
                context.Cancel = context.Signal is PosixSignal.SIGHUP or PosixSignal.SIGTERM or UserSignal || _display is null;
                if (!context.Cancel) SayLost();
                return;
            }
            _signal = context.Signal;
            context.Cancel = true;
            display = _display;
        }
        string lost = Lost();
        _source.Cancel();
        // Writing comes last, for it may wait for whoever reads.
        if (display is null) new Thread(EndBeforeFirstStep) { IsBackground = true }.Start();
        else display.Stopping(lost.Length > 0 ? $"saving ... (Ctrl-C again loses {lost})" : "saving ...");
    }

    private void EndBeforeFirstStep()
    {
        Thread.Sleep(Grace);
        lock (_gate)
        {
            if (_isEnding) return;
            _isEnding = true;
        }
        _claimed?.Dispose();
        Program.WriteError(_host, BeforeFirstStep().Message);
        // Others may not have got the signal.
        if (_ranks.IsFirst) _ranks.Abort("was stopped before the first step");
        Environment.Exit(ExitCode!.Value);
    }

    private void SayLost()
    {
        // The live display has hidden the cursor and will not get to show it again.
        if (_host.IsTerminal) _host.Terminal.Write("\e[?25h\n");
        string lost = Lost();
        string are = lost.StartsWith("1 ", StringComparison.Ordinal) ? "is" : "are";
        Program.WriteError(_host, $"Ended without saving: {(lost.Length > 0 ? $"{lost} {are}" : "nothing is")} lost.");
    }

    /// <summary>"37 steps since step 120", or nothing.</summary>
    private string Lost()
    {
        long step = Interlocked.Read(ref _step), saved = Interlocked.Read(ref _saved);
        return step <= saved ? "" : $"{Words.Count(step - saved, "step", "steps")} since "
            + (saved == 0 ? "the beginning" : $"step {Words.Number(saved)}");
    }

    private static int Code(PosixSignal signal) => 128 + signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        UserSignal => SignalHandlers.LinuxUserSignal,
        _ => 15,
    };

    /// <summary>Whether the process was started to survive its terminal, as by <c>nohup</c>. Only Linux tells.</summary>
    private static bool IsHangupIgnored()
    {
        const string Prefix = "SigIgn:";
        try
        {
            return OperatingSystem.IsLinux()
                && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Prefix, StringComparison.Ordinal)) is { } line
                && ulong.TryParse(line.AsSpan(Prefix.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask)
                && (mask & 1) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>A run was stopped by a signal.</summary>
/// <param name="exitCode">The process's.</param>
internal sealed class StoppedException(string message, int exitCode) : GpuCnnException(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>Whether there were steps, which are saved.</summary>
    public bool IsAfterSteps { get; init; }
}
