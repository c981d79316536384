using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>Finds the system's MPI library. The launcher tells which comes first, for a library knows only its own launcher.</summary>
internal static unsafe partial class MpiLibrary
{
    /// <summary>Names the library's file in place of the search.</summary>
    public const string Variable = "GPUCNN_MPI";

    private const int Now = 2, Global = 0x100;

    private static readonly string[] OpenMpi = ["libmpi.so.40"], Mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi_intel.so.12"];

    /// <summary>Returns the names of libraries to try, the likeliest first.</summary>
    public static string[] Names(Launcher launcher) =>
        launcher is Launcher.Mpich or Launcher.Slurm ? [.. Mpich, .. OpenMpi, "libmpi.so"] : [.. OpenMpi, .. Mpich, "libmpi.so"];

    /// <summary>Loads the library and returns its functions and its name.</summary>
    /// <exception cref="MpiUnavailableException">None can be loaded.</exception>
    /// <param name="variable">Returns the value of an environment variable, or null.</param>
    /// <param name="searched">Names to try in place of the launcher's.</param>
    public static (MpiApi Api, string File) Load(Launch launch, Func<string, string?> variable, params string[] searched)
    {
        string? named = variable(Variable);
        if (launch.Size is { } size && launch.LocalSize == size) StayInSharedMemory();
        bool isNamed = !string.IsNullOrEmpty(named);
        string[] names = isNamed ? [named!] : searched.Length > 0 ? searched : Names(launch.Launcher);
        foreach (string name in names)
        {
            nint library = Open(name);
            if (library == 0) continue;
            return (new(function => NativeLibrary.TryGetExport(library, function, out nint address) ? address : 0, name), name);
        }
        throw new MpiUnavailableException(isNamed
            ? $"{launch.Started}, but the MPI library that {Variable} names, '{named}', cannot be loaded. Name a file that exists, with all"
                + " that it needs."
            : $"{launch.Started}, but this machine has no MPI library to join them: none of {string.Join(", ", names)} can be loaded."
                + $" Install the launcher's library on every host, or name its file in {Variable}.");
    }

    /// <summary>
    /// Tells UCX, which libraries of both families use, to go through shared memory alone, unless the user chose transports. All ranks are
    /// on this host. With cross-memory attach, a process that reads from one that has died aborts too, and cannot say which rank is lost.
    /// With TCP beside it, MPI_Finalize of MPICH 4.0.2 over UCX 1.13 often waits for a rank that waits for it.
    /// </summary>
    private static void StayInSharedMemory()
    {
        if (!OperatingSystem.IsWindows()) _ = SetVariable("UCX_TLS", "self,posix,sysv", overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    /// <summary>
    /// Loads a library so that libraries loaded later see its symbols: plug-ins of some builds of Open MPI expect that.
    /// <see cref="NativeLibrary"/> cannot.
    /// </summary>
    private static nint Open(string name)
    {
        if (!OperatingSystem.IsWindows()
            && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "dlopen", out nint dlopen))
        {
            nint text = Marshal.StringToCoTaskMemUTF8(name);
            try
            {
                return ((delegate* unmanaged<nint, int, nint>)dlopen)(text, OperatingSystem.IsMacOS() ? 8 | Now : Global | Now);
            }
            finally
            {
                Marshal.FreeCoTaskMem(text);
            }
        }
        return NativeLibrary.TryLoad(name, out nint library) ? library : 0;
    }
}
