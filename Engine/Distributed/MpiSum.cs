using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// A sum in two exchanges: each rank gets its part of everybody's floats, adds them, and gives the sums to all. Both work on the caller's
/// memory. Each exchange has a communicator of its own, on which sums follow each other in the order in which they began, as MPI demands of
/// collective calls.
/// </summary>
internal sealed unsafe class MpiSum : RankSum
{
    private readonly Mpi _mpi;
    private readonly Exchange _exchange;

    public MpiSum(Mpi mpi, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _mpi = mpi;
        _exchange = new(this, mpi.Rank, mpi.Size, count);
    }

    public override bool IsDone => _exchange.IsEnded;

    public override void Begin(float* values, Func<bool>? isReady = null)
    {
        _exchange.Use(values, isReady, _mpi.SumsBegun);
        _mpi.Post(_exchange);
        _mpi.SumsBegun++;
    }

    public override void Wait() => _exchange.Wait();

    public override void Dispose()
    {
        _exchange.Dispose();
        base.Dispose();
    }

    private enum Phase { Ready, Spreading, Added, Collecting }

    private sealed class Exchange : MpiOperation
    {
        private readonly MpiSum _owner;
        private readonly Mpi _mpi;
        private readonly int _ranks, _first, _length;

        // [ranks] each: floats and offsets that are sent to, and received from, each rank; addresses of what is added.
        private readonly int* _partCounts, _partOffsets, _ownCounts, _ownOffsets, _sentCounts;
        private readonly float** _added;
        private readonly float* _received;

        private float* _values;
        private Func<bool>? _isReady;
        private long _place, _began;
        private Phase _phase;
        private nint _request;

        public Exchange(MpiSum owner, int rank, int ranks, int count)
        {
            (_owner, _mpi, _ranks) = (owner, owner._mpi, ranks);
            _partCounts = (int*)NativeMemory.AllocZeroed((nuint)ranks, 5 * sizeof(int));
            _partOffsets = _partCounts + ranks;
            _ownCounts = _partOffsets + ranks;
            _ownOffsets = _ownCounts + ranks;
            _sentCounts = _ownOffsets + ranks;
            for (int other = 0; other < ranks; other++)
            {
                _partOffsets[other] = (int)((long)count * other / ranks);
                _partCounts[other] = (int)((long)count * (other + 1) / ranks) - _partOffsets[other];
                _sentCounts[other] = other == rank ? 0 : _partCounts[other];
            }
            (_first, _length) = (_partOffsets[rank], _partCounts[rank]);
            _added = (float**)NativeMemory.AllocZeroed((nuint)ranks, (nuint)sizeof(float*));
            _received = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, (long)_length * (ranks - 1)) * sizeof(float), 64);
            for (int other = 0, place = 0; other < ranks; other++)
            {
                if (other == rank) continue;
                _ownCounts[other] = _length;
                _ownOffsets[other] = place;
                _added[other] = _received + place;
                place += _length;
            }
        }

        public override bool IsExchanging => _phase != Phase.Ready;

        public override long Bytes => 2L * sizeof(float) * (_partOffsets[_ranks - 1] + _partCounts[_ranks - 1]);

        public void Use(float* values, Func<bool>? isReady, long place)
        {
            if (!IsEnded) throw new InvalidOperationException("The last sum is still under way.");
            _values = values;
            (_isReady, _place, _phase) = (isReady, place, Phase.Ready);
        }

        public override bool Advance(MpiApi api)
        {
            switch (_phase)
            {
                case Phase.Ready:
                    if (_mpi.SumsSpread != _place || _isReady?.Invoke() == false) return false;
                    _began = Stopwatch.GetTimestamp();
                    _mpi.SumsSpread++;
                    fixed (nint* request = &_request)
                    {
                        api.Check(api.Ialltoallv(_values, _sentCounts, _partOffsets, api.Float, _received, _ownCounts, _ownOffsets,
                            api.Float, _mpi.Spreading, request), "MPI_Ialltoallv");
                    }
                    _phase = Phase.Spreading;
                    return false;

                case Phase.Spreading:
                    if (!api.IsComplete(ref _request, "MPI_Ialltoallv")) return false;
                    _added[_mpi.Rank] = _values + _first;
                    RankAddition.Add(_added, _ranks, _values + _first, _length);
                    _phase = Phase.Added;
                    goto case Phase.Added;

                case Phase.Added:
                    if (_mpi.SumsCollected != _place) return false;
                    _mpi.SumsCollected++;
                    fixed (nint* request = &_request)
                    {
                        api.Check(api.Iallgatherv(api.InPlace, 0, api.Float, _values, _partCounts, _partOffsets, api.Float, _mpi.Collecting,
                            request), "MPI_Iallgatherv");
                    }
                    _phase = Phase.Collecting;
                    return false;

                default:
                    if (!api.IsComplete(ref _request, "MPI_Iallgatherv")) return false;
                    _owner.Times = (_began, Stopwatch.GetTimestamp());
                    return true;
            }
        }

        public override void Dispose()
        {
            // Memory that MPI may still write is left to the end of the process.
            if (!IsEnded || _mpi.Loss is not null) return;
            NativeMemory.Free(_partCounts);
            NativeMemory.Free(_added);
            NativeMemory.AlignedFree(_received);
            base.Dispose();
        }
    }
}
