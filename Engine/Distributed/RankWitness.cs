using System.ComponentModel;
using System.Diagnostics;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// A shell that outlives this process by two seconds, and costs no time of a processor until then. MPICH's launcher (hydra) kills all other
/// ranks with SIGKILL some milliseconds after a rank's connection to it closed, and its report names a process that it killed itself; the
/// shell inherits the connection and keeps it open, so that the others can say which rank died. Where a rank is the only one of its host,
/// nobody sees its process end; there the shell says so. A signal by which a launcher ends all, sent to the process's group, ends the shell
/// too, before it would speak of a rank that is not the cause.
/// </summary>
internal static class RankWitness
{
    private const string Script =
        "read -r line && exit; if [ -n \"$1\" ]; then echo \"$1\" >&2; fi; sleep 2";

    /// <summary>Starts it where it is needed, else returns null.</summary>
    /// <param name="isOnlyOne">Whether this rank is the only one of its host.</param>
    /// <param name="sentence">What to say then.</param>
    public static IDisposable? Start(bool isOnlyOne, string sentence, Func<string, string?> variable)
    {
        if (OperatingSystem.IsWindows() || (!isOnlyOne && string.IsNullOrEmpty(variable("PMI_FD")))) return null;
        try
        {
            string[] arguments = ["-c", Script, "sh", isOnlyOne ? sentence : ""];
            Process? shell = Process.Start(new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardInput = true });
            return shell is null ? null : new Witness(shell);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            // Without a shell the launcher's own report has to do.
            return null;
        }
    }

    /// <summary>Lets the shell go: this process ends in good order, or tells the others itself.</summary>
    private sealed class Witness(Process shell) : IDisposable
    {
        private bool _isDisposed;

        public void Dispose()
        {
            if (_isDisposed) return;
            _isDisposed = true;
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
