using System.Text;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// The functions of an MPI library that the engine calls, found at run time. Libraries of two families differ in their handles. Those of
/// Open MPI are addresses of objects that the library exports; those of MPICH and its relatives (Intel MPI, MVAPICH, Cray MPI) are 32-bit
/// numbers, which their common ABI fixes. Either fits in an address: callees read its lower half, and what they write is read back with the
/// upper half zero.
/// </summary>
/// <remarks>
/// Sources: <c>mpi.h</c> of Open MPI 4.1 and 5.0, and of MPICH 3.4 and 4.0; https://www.mpich.org/abi/.
/// </remarks>
internal sealed unsafe class MpiApi
{
    /// <summary>For <see cref="InitThread"/>: only the thread that calls it makes calls. The same number in both families.</summary>
    public const int Funneled = 1;

    private const int LongestText = 8192;

    public readonly delegate* unmanaged<int*, byte***, int, int*, int> InitThread;
    public readonly delegate* unmanaged<int> Finalize;
    public readonly delegate* unmanaged<nint, int, int> Abort;
    public readonly delegate* unmanaged<nint, int*, int> CommRank;
    public readonly delegate* unmanaged<nint, int*, int> CommSize;
    public readonly delegate* unmanaged<nint, nint*, int> CommDup;
    public readonly delegate* unmanaged<nint, nint, int> CommSetErrhandler;
    public readonly delegate* unmanaged<void*, int, nint, int, nint, nint*, int> Ibcast;
    public readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int> Iallgather;
    public readonly delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, nint*, int> Ialltoallv;
    public readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, nint*, int> Iallgatherv;
    public readonly delegate* unmanaged<nint, nint*, int> Ibarrier;
    public readonly delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> Isend;
    public readonly delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> Irecv;
    public readonly delegate* unmanaged<nint*, int*, void*, int> Test;
    public readonly delegate* unmanaged<nint*, int> Cancel;
    public readonly delegate* unmanaged<nint*, int> RequestFree;

    private readonly delegate* unmanaged<byte*, int*, int> _getLibraryVersion;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;

    /// <summary>Null where the library does not tell.</summary>


    /// <param name="find">Returns the address of an export by name, or 0.</param>
    /// <param name="file">The library, for messages.</param>
    /// <exception cref="MpiUnavailableException">It lacks a function.</exception>
    public MpiApi(Func<string, nint> find, string file)
    {
        nint Export(string name) => find(name) is var address and not 0
            ? address
            : throw new MpiUnavailableException($"'{file}' has no {name}; an MPI library of version 3.0 or later is needed.");

        IsOpenMpi = find("ompi_mpi_comm_world") != 0;
        World = IsOpenMpi ? Export("ompi_mpi_comm_world") : 0x44000000;
        Byte = IsOpenMpi ? Export("ompi_mpi_byte") : 0x4c00010d;
        Float = IsOpenMpi ? Export("ompi_mpi_float") : 0x4c00040a;
        ErrorsReturn = IsOpenMpi ? Export("ompi_mpi_errors_return") : 0x54000001;
        IgnoredStatus = (void*)(IsOpenMpi ? 0 : 1);
        InPlace = (void*)(IsOpenMpi ? 1 : -1);
        AnySource = IsOpenMpi ? -1 : -2;

        InitThread = (delegate* unmanaged<int*, byte***, int, int*, int>)Export("MPI_Init_thread");
        Finalize = (delegate* unmanaged<int>)Export("MPI_Finalize");
        Abort = (delegate* unmanaged<nint, int, int>)Export("MPI_Abort");
        CommRank = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank");
        CommSize = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size");
        CommDup = (delegate* unmanaged<nint, nint*, int>)Export("MPI_Comm_dup");
        CommSetErrhandler = (delegate* unmanaged<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        Ibcast = (delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Export("MPI_Ibcast");
        Iallgather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int>)Export("MPI_Iallgather");
        Ialltoallv = (delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, nint*, int>)Export("MPI_Ialltoallv");
        Iallgatherv = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, nint*, int>)Export("MPI_Iallgatherv");
        Ibarrier = (delegate* unmanaged<nint, nint*, int>)Export("MPI_Ibarrier");
        Isend = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        Irecv = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Irecv");
        Test = (delegate* unmanaged<nint*, int*, void*, int>)Export("MPI_Test");
        Cancel = (delegate* unmanaged<nint*, int>)Export("MPI_Cancel");
        RequestFree = (delegate* unmanaged<nint*, int>)Export("MPI_Request_free");
        _getLibraryVersion = (delegate* unmanaged<byte*, int*, int>)Export("MPI_Get_library_version");
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)Export("MPI_Error_string");
    }

    public bool IsOpenMpi { get; }

    public nint World { get; }

    public nint Byte { get; }

    public nint Float { get; }

    public nint ErrorsReturn { get; }

    /// <summary>MPI_STATUS_IGNORE. Statuses have another size in each family; none is read.</summary>
    public void* IgnoredStatus { get; }

    public void* InPlace { get; }

    public int AnySource { get; }

    /// <summary>Returns the library's name and version: <c>Open MPI 4.1.4</c>, <c>MPICH 4.0.2</c>.</summary>
    public string Version()
    {
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        Check(_getLibraryVersion(text, &length), "MPI_Get_library_version");
        return ShortVersion(Text(text, length));
    }

    /// <summary>Shortens what a library says of itself to its name and version.</summary>
    public static string ShortVersion(string text)
    {
        string line = text.Split('\n')[0].Trim('\0', ' ', '\r');
        return line.StartsWith("Open MPI v", StringComparison.Ordinal) ? "Open MPI " + line["Open MPI v".Length..].Split(',')[0]
            : line.StartsWith("MPICH Version:", StringComparison.Ordinal) ? "MPICH " + line["MPICH Version:".Length..].Trim()
            : line.Split(" for ")[0];
    }

    /// <exception cref="MpiCallException">The call failed.</exception>
    public void Check(int code, string function)
    {
        if (code == 0) return;
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        string reason = _errorString(code, text, &length) == 0 ? Text(text, length).ReplaceLineEndings(" ") : $"error {code}";
        throw new MpiCallException($"{function} failed: {reason.Trim()}.");
    }

    /// <summary>Whether a request is complete.</summary>
    public bool IsComplete(ref nint request, string function)
    {
        int flag = 0;
        fixed (nint* address = &request) Check(Test(address, &flag, IgnoredStatus), function);
        return flag != 0;
    }

    private static string Text(byte* text, int length) => Encoding.UTF8.GetString(text, Math.Clamp(length, 0, LongestText));
}

/// <summary>A call of the MPI library returned an error.</summary>
internal sealed class MpiCallException(string message) : GpuCnnException(message);
