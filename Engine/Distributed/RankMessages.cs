using System.Buffers.Binary;
using System.Text;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Messages between ranks beside their work, on a communicator of their own: one host's first rank tells the next host's that it lives, a
/// rank that fails tells all why, one that finds another lost tells all, one that leaves tells all how far it came. All members are called
/// on the thread of MPI.
/// </summary>
internal sealed unsafe class RankMessages(MpiApi api, nint communicator, int rank, int size)
{
    public enum Kind : byte { Beat, Failure, Loss, Leave }

    private const int Bytes = 1024, Header = 16, Tag = 1;

    private readonly byte[] _received = GC.AllocateArray<byte>(Bytes, pinned: true), _beat = GC.AllocateArray<byte>(Bytes, pinned: true);
    private nint _receiving, _beating;
    private bool _isReceiving, _isBeating;

    /// <summary>Told of each message: the kind, the rank that sent it, a number, and a text.</summary>
    public required Action<Kind, int, long, string> OnMessage { get; init; }

    public void Open()
    {
        fixed (nint* request = &_receiving)
        fixed (byte* bytes = _received)
            api.Check(api.Irecv(bytes, Bytes, api.Byte, api.AnySource, Tag, communicator, request), "MPI_Irecv");
        _isReceiving = true;
    }

    /// <summary>Takes the messages that have come.</summary>
    public void Take()
    {
        while (_isReceiving && api.IsComplete(ref _receiving, "MPI_Irecv"))
        {
            var kind = (Kind)_received[0];
            int sender = BinaryPrimitives.ReadInt32LittleEndian(_received.AsSpan(4));
            long number = BinaryPrimitives.ReadInt64LittleEndian(_received.AsSpan(8));
            string text = kind is Kind.Failure or Kind.Loss ? Encoding.UTF8.GetString(_received, Header, Bytes - Header).TrimEnd('\0') : "";
            Array.Clear(_received);
            Open();
            OnMessage(kind, sender, number, text);
        }
    }

    /// <summary>Tells a rank that this one lives. If the last such message is still on its way, none is added.</summary>
    public void SendBeat(int other)
    {
        if (_isBeating && !api.IsComplete(ref _beating, "MPI_Isend")) return;
        Write(_beat, Kind.Beat, 0, "");
        fixed (byte* bytes = _beat)
        fixed (nint* request = &_beating)
            api.Check(api.Isend(bytes, Header, api.Byte, other, Tag, communicator, request), "MPI_Isend");
        _isBeating = true;
    }

    /// <summary>Begins to tell all others; <see cref="Announcement.IsSent"/> asks for its end.</summary>
    /// <param name="except">A rank that is not told, or -1.</param>
    public Announcement Tell(Kind kind, long number, string text, int except = -1)
    {
        var announcement = new Announcement(api, size);
        int length = Write(announcement.Bytes, kind, number, text);
        for (int other = 0; other < size; other++)
        {
            if (other == rank || other == except) continue;
            fixed (byte* bytes = announcement.Bytes)
            fixed (nint* request = &announcement.Requests[other])
                api.Check(api.Isend(bytes, length, api.Byte, other, Tag, communicator, request), "MPI_Isend");
            announcement.IsOpen[other] = true;
        }
        return announcement;
    }

    /// <summary>Takes no more messages, so that the library can be left.</summary>
    public void Close()
    {
        if (_isBeating) _ = api.IsComplete(ref _beating, "MPI_Isend");
        if (!_isReceiving) return;
        _isReceiving = false;
        fixed (nint* request = &_receiving)
        {
            api.Check(api.Cancel(request), "MPI_Cancel");
            api.Check(api.RequestFree(request), "MPI_Request_free");
        }
    }

    private int Write(byte[] bytes, Kind kind, long number, string text)
    {
        bytes[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), rank);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), number);
        Encoding.UTF8.GetEncoder().Convert(text, bytes.AsSpan(Header), flush: true, out _, out int written, out _);
        return Header + written;
    }

    public sealed class Announcement(MpiApi api, int size)
    {
        public readonly byte[] Bytes = GC.AllocateArray<byte>(RankMessages.Bytes, pinned: true);
        public readonly nint[] Requests = GC.AllocateArray<nint>(size, pinned: true);
        public readonly bool[] IsOpen = new bool[size];

        /// <summary>Waits a fifth of a second at most: a rank that has died takes nothing.</summary>
        public void WaitUntilSent()
        {
            for (int i = 0; i < 200 && !IsSent(); i++) Thread.Sleep(1);
        }

        public bool IsSent()
        {
            for (int other = 0; other < size; other++)
            {
                if (!IsOpen[other]) continue;
                if (!api.IsComplete(ref Requests[other], "MPI_Isend")) return false;
                IsOpen[other] = false;
            }
            return true;
        }
    }
}
