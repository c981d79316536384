using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>
/// Finds the pictures that other ranks keep in files of their own, while those grow. A file is only read: what is half written, or was
/// replaced, is told by checksums. Safe to use from several threads.
/// </summary>
/// <param name="folder">Folder of the files.</param>
/// <param name="pattern">Names of the files of all ranks.</param>
/// <param name="own">This rank's file, which is left out.</param>
/// <param name="identity">First bytes of each file.</param>
/// <param name="images">Images of the split.</param>
/// <param name="found">Receives an image and its record.</param>
internal sealed class PeerPictures(
    string folder, string pattern, string own, byte[] identity, int images, Action<int, PictureRecord> found) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Peer> _peers = [];
    private long _looked = long.MinValue;

    /// <summary>Looks for new records, unless it did so within the last second.</summary>
    public void Look()
    {
        if (!IsDue) return;
        lock (_gate)
        {
            // Whoever waited here finds what another thread has found.
            if (!IsDue) return;
            string[] paths = [];
            Try(() => paths = Directory.GetFiles(folder, pattern));
            foreach (string path in paths)
                if (path != own) Try(() => LookInto(path));
            Volatile.Write(ref _looked, Stopwatch.GetTimestamp());
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Peer peer in _peers.Values) peer.File.Dispose();
            _peers.Clear();
        }
    }

    private bool IsDue => Volatile.Read(ref _looked) is var looked
        && (looked == long.MinValue || Stopwatch.GetElapsedTime(looked) >= Pause);

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Their pictures only save time.
        }
    }

    private void LookInto(string path)
    {
        if (!_peers.TryGetValue(path, out Peer? peer))
        {
            SafeFileHandle file = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
            _peers[path] = peer = new(file);
        }
        long length = RandomAccess.GetLength(peer.File);
        // Begun again by its rank.
        if (length < peer.End) peer.End = 0;
        if (peer.End == 0)
        {
            Span<byte> head = stackalloc byte[PictureRecord.FileHeaderBytes];
            if (RandomAccess.Read(peer.File, head, 0) != head.Length || !head[..identity.Length].SequenceEqual(identity)) return;
            peer.End = PictureRecord.FileHeaderBytes;
        }
        peer.End = PictureRecord.Scan(peer.File, peer.End, length, images, (image, record) =>
        {
            found(image, record);
            return true;
        });
    }

    private sealed class Peer(SafeFileHandle file)
    {
        public SafeFileHandle File { get; } = file;

        /// <summary>Where the known records end; 0 before the file's own header was seen.</summary>
        public long End { get; set; }
    }
}
