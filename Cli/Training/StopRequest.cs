using System.Runtime.InteropServices;

namespace GpuCnn.Cli.Training;

/// <summary>
/// Turns the first Ctrl-C or SIGTERM into a request to stop after the step. The second one ends the process at once.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CommandHost _host;
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopRequest(CommandHost host)
    {
        _host = host;
        _source = CancellationTokenSource.CreateLinkedTokenSource(host.Cancellation);
        if (!host.OwnsProcess) return;
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM])
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
        {
            // The live display has hidden the cursor and will not get to show it again.
            if (_host.IsTerminal) _host.Output.Write("\e[?25h");
            return;
        }
        context.Cancel = true;
        _source.Cancel();
    }
}
