using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// Handlers of the signals that end a process, to be put back in place. Drivers with a compiler of their own replace them when they are
/// loaded: LLVM's handler swallows the first SIGQUIT. Windows has none.
/// </summary>
public sealed partial class SignalHandlers
{
    /// <summary>SIGUSR1 of Linux. On other systems it is .NET's own.</summary>
    public const int LinuxUserSignal = 10;

    /// <summary>SIGHUP, SIGINT, SIGQUIT and SIGTERM, the same on every Unix, and SIGUSR1.</summary>
    private static readonly int[] Signals = OperatingSystem.IsLinux() ? [1, 2, 3, 15, LinuxUserSignal] : [1, 2, 3, 15];

    /// <summary>More than <c>struct sigaction</c> takes on any system.</summary>
    private const int MostBytes = 1024;

    private readonly List<(int Signal, byte[] Action)> _actions = [];

    private SignalHandlers() { }

    /// <summary>Remembers the handlers of now.</summary>
    public static unsafe SignalHandlers Capture()
    {
        var handlers = new SignalHandlers();
        if (OperatingSystem.IsWindows()) return handlers;
        foreach (int signal in Signals)
        {
            byte[] action = new byte[MostBytes];
            fixed (byte* address = action)
                if (Action(signal, null, address) == 0) handlers._actions.Add((signal, action));
        }
        return handlers;
    }

    /// <summary>Puts the remembered handlers in place of whatever is there.</summary>
    public unsafe void Restore()
    {
        foreach ((int signal, byte[] action) in _actions)
            fixed (byte* address = action) _ = Action(signal, address, null);
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static unsafe partial int Action(int signal, byte* action, byte* old);
}
