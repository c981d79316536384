using System.ComponentModel;
using System.Diagnostics;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Gives the other ranks two seconds to say which rank has died. MPICH's launcher (hydra) kills all others with SIGKILL some milliseconds
/// after a rank's connection to it closed, and the report that it prints names a process that it killed itself. A shell that inherits the
/// connection, and waits for the end of this process, keeps it open for that long. It costs no time of a processor.
/// </summary>
internal static class PmiHold
{
    private static readonly string[] Arguments = ["-c", "trap '' INT TERM HUP USR1 USR2; read -r line || sleep 2"];

    /// <summary>Starts it where the launcher left a connection open; returns null elsewhere.</summary>
    public static IDisposable? Start(Func<string, string?> variable)
    {
        if (OperatingSystem.IsWindows() || string.IsNullOrEmpty(variable("PMI_FD"))) return null;
        try
        {
            Process? shell = Process.Start(new ProcessStartInfo("/bin/sh", Arguments) { RedirectStandardInput = true });
            return shell is null ? null : new Hold(shell);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            // Without a shell the launcher's own report has to do.
            return null;
        }
    }

    private sealed class Hold(Process shell) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                shell.StandardInput.WriteLine();
                shell.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has ended.
            }
            shell.Dispose();
        }
    }
}
