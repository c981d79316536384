using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// A shell that outlives this process by two seconds and says that it has ended, where the other ranks cannot. MPICH's launcher (hydra)
/// kills them with SIGKILL some milliseconds after a rank has died, and its report may name another process; the shell also inherits the
/// rank's connection to the launcher and keeps it open, which gives the others time to end. And nobody sees the end of a rank that is alone
/// on its host. The shell costs no time of a processor. A signal by which a launcher ends all is sent to the process's group and ends the
/// shell too, before it would speak of a rank that is not the cause.
/// </summary>
internal static class RankWitness
{
    /// <summary>$1 is what to say, $2 what to say if the system has killed more processes for want of memory than the $3 of now.</summary>
    private const string Script = """
        read -r line && exit
        n=0
        while read -r key value; do [ "$key" = oom_kill ] && n=$value; done 2>/dev/null </proc/vmstat
        if [ "$n" = "$3" ]; then echo "$1" >&2; else echo "$2" >&2; fi
        sleep 2
        """;

    /// <summary>Whether the launcher leaves the other ranks no time to speak: it has a connection to each rank, as hydra has.</summary>
    public static bool IsNeeded(Func<string, string?> variable) =>
        !OperatingSystem.IsWindows() && !string.IsNullOrEmpty(variable("PMI_FD"));

    /// <summary>Starts the shell; returns null where it cannot.</summary>
    /// <param name="ended">What it says when this process has ended.</param>
    /// <param name="outOfMemory">What it says if the system killed a process meanwhile because memory ran out.</param>
    /// <param name="memoryKills">Processes that the system has killed for that so far.</param>
    public static IDisposable? Start(string ended, string outOfMemory, long memoryKills)
    {
        if (OperatingSystem.IsWindows()) return null;
        try
        {
            string[] arguments = ["-c", Script, "sh", ended, outOfMemory, memoryKills.ToString(CultureInfo.InvariantCulture)];
            Process? shell = Process.Start(new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardInput = true });
            return shell is null ? null : new Witness(shell);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            // Without a shell the others, and the launcher's own report, have to do.
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
