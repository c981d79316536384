using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Handlers of the signals by which a processor reports a fault. Open MPI and UCX replace them with ones that print a backtrace and end the
/// process, but the runtime makes exceptions of some of them, such as <see cref="NullReferenceException"/>.
/// </summary>
internal sealed unsafe partial class CrashHandlers
{
    /// <summary>SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE and SIGSEGV; SIGBUS on Linux and on macOS; SIGINT, SIGHUP and SIGTERM.</summary>
    private static readonly int[] Signals = [3, 4, 5, 6, 8, 11, 7, 10, 2, 1, 15];

    /// <summary>More than <c>struct sigaction</c> takes on any system.</summary>
    private const int MostBytes = 1024;

    private readonly List<(int Signal, byte[] Action)> _actions = [];

    public static CrashHandlers Capture()
    {
        var handlers = new CrashHandlers();
        if (OperatingSystem.IsWindows()) return handlers;
        foreach (int signal in Signals)
        {
            var action = new byte[MostBytes];
            fixed (byte* address = action)
                if (Action(signal, null, address) == 0) handlers._actions.Add((signal, action));
        }
        return handlers;
    }

    public void Restore()
    {
        foreach ((int signal, byte[] action) in _actions)
            fixed (byte* address = action) _ = Action(signal, address, null);
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Action(int signal, byte* action, byte* old);
}
