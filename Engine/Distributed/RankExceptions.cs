namespace GpuCnn.Engine.Distributed;

/// <summary>
/// A launcher started this process together with others, but they cannot be joined: no MPI library, or not the launcher's.
/// </summary>
public sealed class MpiUnavailableException : GpuCnnException
{
    public MpiUnavailableException(string message) : base(message) { }

    public MpiUnavailableException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>
/// Another rank has ended or cannot be reached, so that this one cannot go on. The message names the rank, its host, its process and the
/// cause.
/// </summary>
/// <param name="rank">The rank that is lost, or -1 where a failed exchange does not tell.</param>
/// <param name="isSpeaker">Whether this process is the one that tells the user.</param>
public sealed class RankLostException(string message, int rank, bool isSpeaker) : GpuCnnException(message)
{
    /// <summary>The rank that is lost, or -1 where a failed exchange does not tell.</summary>
    public int Rank => rank;

    /// <summary>Whether this process is the one among those that are left that tells the user.</summary>
    public bool IsSpeaker => isSpeaker;
}
